//! OTLP over gRPC: the same bytes by another way.

mod codec;
mod status;

use std::time::Duration;

use prost::bytes::Bytes;
use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Response, Status};
use ureq::http::HeaderMap;
use ureq::http::uri::PathAndQuery;

use self::codec::Raw;
use super::answer::{self, Answer};
use super::words::Words;
use super::{Transport, http, tls};
use crate::config::OtlpSettings;
use crate::error::Error;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub(super) struct Client {
    endpoint: Endpoint,
    metadata: MetadataMap,
    gzip: bool,
    words: Words,
    /// Made at the first request, on the thread that sends: a runtime must not be dropped
    /// inside another.
    connection: Option<(Runtime, Channel)>,
}

impl Client {
    pub(super) fn new(settings: &OtlpSettings) -> Result<Self, Error> {
        let unusable = |_| Error::setting("the endpoint", "cannot be used for gRPC");
        let mut endpoint = Channel::from_shared(settings.endpoint.to_url())
            .map_err(|_| Error::setting("the endpoint", "cannot be used for gRPC"))?
            .user_agent(USER_AGENT)
            .map_err(unusable)?;
        if settings.endpoint.is_https() {
            endpoint = endpoint.tls_config(secured(settings)?).map_err(unusable)?;
        }
        let headers = settings.headers.iter();
        let headers: HeaderMap = headers
            .map(|(name, value)| http::header(name, value.expose()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            endpoint,
            metadata: MetadataMap::from_headers(headers),
            gzip: settings.gzip,
            words: Words::new(&settings.headers),
            connection: None,
        })
    }

    fn post(&mut self, body: &[u8], limit: Duration) -> Result<Response<Bytes>, Status> {
        if self.connection.is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Status::unavailable(format!("no runtime: {error}")))?;
            let channel = {
                let _inside = runtime.enter();
                self.endpoint.connect_lazy()
            };
            self.connection = Some((runtime, channel));
        }
        let Some((runtime, channel)) = &self.connection else {
            return Err(Status::unavailable("no connection"));
        };
        let mut grpc = Grpc::new(channel.clone());
        if self.gzip {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        let mut request = Request::new(Bytes::copy_from_slice(body));
        *request.metadata_mut() = self.metadata.clone();
        let call = async {
            grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
            grpc.unary(request, PathAndQuery::from_static(EXPORT), Raw).await
        };
        runtime.block_on(async { tokio::time::timeout(limit, call).await }).unwrap_or_else(|_| {
            Err(Status::new(Code::DeadlineExceeded, format!("no answer within {limit:?}")))
        })
    }
}

impl Transport for Client {
    fn send(&mut self, body: &[u8], limit: Duration) -> Answer {
        match self.post(body, limit) {
            Ok(response) => answer::accepted(&response.into_inner(), &self.words),
            Err(status) => status::read(&status, &self.words),
        }
    }
}

/// As over HTTP: the certificates of the settings, else those that the machine trusts.
fn secured(settings: &OtlpSettings) -> Result<ClientTlsConfig, Error> {
    // What cannot be used is said in the same words.
    tls::config(settings)?;
    let mut config = ClientTlsConfig::new();
    config = match &settings.certificate {
        Some(path) => config.ca_certificate(Certificate::from_pem(tls::read(path, "")?)),
        None => config.with_native_roots(),
    };
    if let Some((chain, key)) = &settings.identity {
        config = config.identity(Identity::from_pem(tls::read(chain, "")?, tls::read(key, "")?));
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
