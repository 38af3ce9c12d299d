//! What every edge got in one bucket of time, and its bytes: numbers alone, as short as they are.

use std::collections::HashMap;

use crate::chunk::{Bytes, Damaged, put};

/// Events of one edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) count: u64,
    /// The first, in milliseconds since the epoch.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Events by the number of their edge.
pub(crate) type Bucket = HashMap<u32, Events>;

impl Events {
    pub(crate) fn plus(&mut self, more: Events) {
        if self.count == 0 {
            self.first = more.first;
        }
        self.count += more.count;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }
}

/// The bytes of a bucket that begins so.
pub(crate) fn encode(bucket: &Bucket, start: u64) -> Vec<u8> {
    let mut edges: Vec<(u32, Events)> = bucket.iter().map(|(edge, sum)| (*edge, *sum)).collect();
    edges.sort_unstable_by_key(|(edge, _)| *edge);
    let mut bytes = Vec::with_capacity(edges.len() * 8);
    put(&mut bytes, edges.len() as u64);
    let mut before = 0;
    for (edge, events) in edges {
        put(&mut bytes, u64::from(edge - before));
        put(&mut bytes, events.count);
        put(&mut bytes, events.first.saturating_sub(start));
        put(&mut bytes, events.last.saturating_sub(events.first));
        before = edge;
    }
    bytes
}

/// Reads the bytes of a bucket edge by edge.
pub(crate) fn visit(
    bytes: &[u8],
    start: u64,
    mut each: impl FnMut(u32, Events),
) -> Result<(), Damaged> {
    let mut bytes = Bytes::new(bytes);
    let mut edge: u32 = 0;
    for _ in 0..bytes.number()? {
        let step = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
        edge = edge.checked_add(step).ok_or(Damaged)?;
        let count = bytes.number()?;
        let first = start.checked_add(bytes.number()?).ok_or(Damaged)?;
        let last = first.checked_add(bytes.number()?).ok_or(Damaged)?;
        each(edge, Events { count, first, last });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_cut_bytes_are_damaged() {
        let events = |count, first, last| Events { count, first, last };
        let bucket: Bucket =
            [(0, events(1, 60_000, 60_000)), (7, events(900, 60_001, 119_999))].into();
        let bytes = encode(&bucket, 60_000);
        let mut read = Bucket::new();
        visit(&bytes, 60_000, |edge, events| read.entry(edge).or_default().plus(events)).unwrap();
        assert_eq!(read, bucket);
        for cut in 0..bytes.len() {
            assert_eq!(visit(&bytes[..cut], 0, |_, _| {}), Err(Damaged), "cut at {cut}");
        }
    }
}
