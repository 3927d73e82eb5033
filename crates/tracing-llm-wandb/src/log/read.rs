//! A reader of the format, written from its description and not from our writer.

/// All whole records of a file, up to the first byte that is missing or wrong.
pub(crate) fn records(file: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    if !file.starts_with(b":W&B\xE1\xBE\0") {
        return records;
    }
    let mut at = 7;
    loop {
        let left = 32_768 - at % 32_768;
        if left < 7 {
            at += left;
            continue;
        }
        let Some(header) = file.get(at..at + 7) else { return records };
        let checksum = u32::from_le_bytes(header[..4].try_into().unwrap());
        let length = usize::from(u16::from_le_bytes(header[4..6].try_into().unwrap()));
        if length + 7 > left {
            return records;
        }
        let Some(data) = file.get(at + 7..at + 7 + length) else { return records };
        if bitwise_crc32(&file[at + 6..at + 7 + length]) != checksum {
            return records;
        }
        at += 7 + length;
        match (header[6], open.take()) {
            (1, None) => records.push(data.to_vec()),
            (2, None) => open = Some(data.to_vec()),
            (3, Some(begun)) => open = Some([begun, data.to_vec()].concat()),
            (4, Some(begun)) => records.push([begun, data.to_vec()].concat()),
            _ => return records,
        }
    }
}

/// CRC-32 of IEEE 802.3, bit by bit: slow, and with nothing in common with the library's tables.
fn bitwise_crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}

#[test]
fn the_reader_knows_the_check_value_of_crc_32() {
    assert_eq!(bitwise_crc32(b"123456789"), 0xCBF4_3926);
}
