mod environment;
mod requests;
