//! Session options that need reading: names that stand for driver values.

use crate::ffi::{Code, Status};
use scylla::frame::types::Consistency;

const CONSISTENCIES: [(&str, Consistency); 8] = [
    ("ONE", Consistency::One),
    ("TWO", Consistency::Two),
    ("THREE", Consistency::Three),
    ("QUORUM", Consistency::Quorum),
    ("ALL", Consistency::All),
    ("LOCAL_ONE", Consistency::LocalOne),
    ("LOCAL_QUORUM", Consistency::LocalQuorum),
    ("EACH_QUORUM", Consistency::EachQuorum),
];

/// A read consistency by its CQL name, in any case; empty: LOCAL_QUORUM.
pub fn consistency(name: &str) -> Result<Consistency, Status> {
    if name.is_empty() {
        return Ok(Consistency::LocalQuorum);
    }
    CONSISTENCIES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, consistency)| *consistency)
        .ok_or_else(|| {
            let known: Vec<_> = CONSISTENCIES.iter().map(|(known, _)| *known).collect();
            Status::new(
                Code::Config,
                format!(
                    "unknown read consistency {name:?}; it is one of {}",
                    known.join(", ")
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consistency_is_read_in_any_case_and_is_local_quorum_by_default() {
        assert_eq!(consistency("").ok(), Some(Consistency::LocalQuorum));
        assert_eq!(consistency("local_one").ok(), Some(Consistency::LocalOne));
        assert_eq!(consistency("ALL").ok(), Some(Consistency::All));
    }

    #[test]
    fn an_unknown_or_write_only_consistency_is_a_config_error_that_lists_the_known_ones() {
        for name in ["ANY", "LOCALQUORUM", "x"] {
            let status = consistency(name).expect_err("refused");
            assert_eq!(status.code, Code::Config);
            assert!(
                status.message.contains("LOCAL_QUORUM"),
                "{}",
                status.message
            );
        }
    }
}
