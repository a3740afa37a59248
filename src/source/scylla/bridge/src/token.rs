//! Tokens of partition keys, by the driver's own Murmur3 partitioner.

use scylla::routing::partitioner::{Murmur3Partitioner, Partitioner, PartitionerHasher};

/// Token of a partition key as the server hashes it: the cell's bytes where the key is one column,
/// else for each column a big-endian u16 length, the bytes and a zero byte.
pub fn of_serialized_key(key: &[u8]) -> i64 {
    let mut hasher = Murmur3Partitioner.build_hasher();
    hasher.write(key);
    hasher.finish().value()
}

#[cfg(test)]
mod tests {
    use super::*;

    // What `SELECT token(...)` of a Cassandra 5.0.6 node answers.

    #[test]
    fn a_key_of_one_column_has_the_servers_token_at_every_block_length() {
        let texts = [
            ("a", -8839064797231613815),
            ("ü€", -4129328423223238189),
            ("hello", -3758069500696749310),
            ("xxxxxxxxxxxxxxx", 2088934356530938522),
            ("yyyyyyyyyyyyyyyy", 8880037273788572859),
            ("zzzzzzzzzzzzzzzzz", 1197921854538287573),
        ];
        for (text, token) in texts {
            assert_eq!(of_serialized_key(text.as_bytes()), token, "{text}");
        }
        let long = "w".repeat(100);
        assert_eq!(of_serialized_key(long.as_bytes()), 2786254620802361919);
        for (number, token) in [
            (0_i32, -3485513579396041028),
            (1, -4069959284402364209),
            (-1, 7297452126230313552),
            (123456789, -567416363967733925),
        ] {
            assert_eq!(of_serialized_key(&number.to_be_bytes()), token, "{number}");
        }
    }

    #[test]
    fn a_key_of_two_columns_has_the_servers_token() {
        let united_588 = [0, 2, b'U', b'A', 0, 0, 4, 0, 0, 2, 0x4c, 0];
        assert_eq!(of_serialized_key(&united_588), -9219965062738479266);
        let number_and_text = [0, 4, 0, 0, 0, 3, 0, 0, 2, b's', b'3', 0];
        assert_eq!(of_serialized_key(&number_and_text), 8956228698633126545);
    }
}
