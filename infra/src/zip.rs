//! Writes a zip archive with one executable file, uncompressed: what `UpdateFunctionCode` takes.

/// The archive with `name` as its only file, executable for everyone.
pub fn executable(name: &str, content: &[u8]) -> Vec<u8> {
    let (name, size, sum) = (name.as_bytes(), content.len() as u32, checksum(content));
    let mut common = Vec::new();
    // Version needed 2.0, no flags, stored, 1 January 1980 00:00: the same content gives the same archive.
    for field in [20_u16, 0, 0, 0, 0x21] {
        common.extend(field.to_le_bytes());
    }
    for field in [sum, size, size] {
        common.extend(field.to_le_bytes());
    }
    common.extend((name.len() as u16).to_le_bytes());
    common.extend(0_u16.to_le_bytes());

    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&common);
    zip.extend(name);
    zip.extend(content);

    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02");
    // Made on Unix, so that the upper half of the attributes is a file mode.
    zip.extend(0x0314_u16.to_le_bytes());
    zip.extend(&common);
    zip.extend([0; 6]);
    zip.extend((0o100_755_u32 << 16).to_le_bytes());
    zip.extend(0_u32.to_le_bytes());
    zip.extend(name);
    let length = zip.len() as u32 - directory;

    zip.extend(b"PK\x05\x06");
    for field in [0_u16, 0, 1, 1] {
        zip.extend(field.to_le_bytes());
    }
    zip.extend(length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend(0_u16.to_le_bytes());
    zip
}

/// CRC-32 as zip wants it.
fn checksum(content: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    };
    !content.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_crc() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_directory_lies_where_the_end_says() {
        let zip = executable("bootstrap", b"#!/bin/sh\n");
        let end = zip.len() - 22;
        let start = u32::from_le_bytes(zip[end + 16..end + 20].try_into().unwrap()) as usize;
        let length = u32::from_le_bytes(zip[end + 12..end + 16].try_into().unwrap()) as usize;
        assert_eq!(&zip[start..start + 4], b"PK\x01\x02");
        assert_eq!(start + length, end);
    }
}
