//! The one place that knows how to get at the bytes of a page's rows region without a copy.

use crate::ffi::{Code, Status};
use bytes::Bytes;
use scylla::deserialize::row::ColumnIterator;
use scylla::response::query_result::QueryRowsResult;

/// The rows region of a result, sharing the frame's memory.
///
/// Every non-null cell of the driver's stable interface keeps the buffer that it lies in, and that
/// buffer is the rows region. Null cells have none, so the first non-null cell is looked for; a
/// region of nothing but nulls is rebuilt, being `[int] -1` over and over.
pub fn raw_rows(result: &QueryRowsResult) -> Result<Bytes, Status> {
    let size = result.rows_bytes_size();
    if size == 0 {
        return Ok(Bytes::new());
    }
    let rows = result
        .rows::<ColumnIterator>()
        .map_err(|error| Status::new(Code::Malformed, error))?;
    for cell in rows.flatten().flatten().flatten() {
        if let Some(slice) = cell.slice {
            let region = slice.as_original_frame_bytes();
            if region.len() != size {
                return Err(Status::new(
                    Code::Internal,
                    "the driver's cells no longer share the rows region",
                ));
            }
            return Ok(region.clone());
        }
    }
    Ok(Bytes::from(vec![0xff_u8; size]))
}
