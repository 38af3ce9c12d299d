//! A chunk of counters as bytes: its texts once, then each track with its buckets, all numbers as
//! short as they are. Bytes that are no chunk are said so and never trusted.

use std::collections::{BTreeMap, HashMap};

use podwall_model::{Direction, Reason, Verdict};
use thiserror::Error;

use crate::stats::Added;
use crate::track::Track;

/// Tracks with what each got by bucket, counted from the chunk's start.
pub(crate) type Chunk = BTreeMap<Track, BTreeMap<u32, Added>>;

/// The bytes are no chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a part of the ledger is damaged")]
pub(crate) struct Damaged;

/// The bytes of a chunk.
pub(crate) fn encode(chunk: &Chunk) -> Vec<u8> {
    let mut texts: Vec<&str> = Vec::new();
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    let mut body = Vec::new();
    for (track, buckets) in chunk {
        for text in [&track.workload, &track.policy, &track.rule] {
            let number = *numbers.entry(text).or_insert_with(|| {
                texts.push(text);
                texts.len() as u64 - 1
            });
            put(&mut body, number);
        }
        body.push(track.direction as u8 | (track.verdict as u8) << 1);
        body.push(track.reason as u8);
        put(&mut body, buckets.len() as u64);
        let mut before = 0;
        for (bucket, added) in buckets {
            put(&mut body, u64::from(bucket - before));
            put(&mut body, added.packets);
            put(&mut body, added.bytes);
            before = *bucket;
        }
    }
    let mut bytes = Vec::with_capacity(body.len() + 64);
    put(&mut bytes, texts.len() as u64);
    for text in texts {
        put(&mut bytes, text.len() as u64);
        bytes.extend_from_slice(text.as_bytes());
    }
    put(&mut bytes, chunk.len() as u64);
    bytes.extend_from_slice(&body);
    bytes
}

/// Reads a chunk track by track: first what it is, which gives what to do with its buckets.
pub(crate) fn visit<P>(
    bytes: &[u8],
    mut place: impl FnMut(&Track) -> Option<P>,
    mut add: impl FnMut(&P, u32, Added),
) -> Result<(), Damaged> {
    let mut bytes = Bytes(bytes);
    let mut texts = Vec::new();
    for _ in 0..bytes.number()? {
        let length = usize::try_from(bytes.number()?).map_err(|_| Damaged)?;
        let text = bytes.take(length)?;
        texts.push(std::str::from_utf8(text).map_err(|_| Damaged)?);
    }
    for _ in 0..bytes.number()? {
        let mut text = || -> Result<String, Damaged> {
            let number = usize::try_from(bytes.number()?).map_err(|_| Damaged)?;
            texts.get(number).map(|text| (*text).to_owned()).ok_or(Damaged)
        };
        let (workload, policy, rule) = (text()?, text()?, text()?);
        let marks = bytes.byte()?;
        let track = Track {
            workload,
            direction: if marks & 1 == 0 { Direction::Ingress } else { Direction::Egress },
            verdict: Verdict::from_number(marks >> 1).ok_or(Damaged)?,
            reason: Reason::from_number(bytes.byte()?).ok_or(Damaged)?,
            policy,
            rule,
        };
        let place = place(&track);
        let mut bucket: u32 = 0;
        for _ in 0..bytes.number()? {
            let step = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
            bucket = bucket.checked_add(step).ok_or(Damaged)?;
            let added = Added { packets: bytes.number()?, bytes: bytes.number()? };
            if let Some(place) = &place {
                add(place, bucket, added);
            }
        }
    }
    Ok(())
}

/// Adds what the bytes hold to a chunk.
pub(crate) fn merge(chunk: &mut Chunk, bytes: &[u8]) -> Result<(), Damaged> {
    let mut found: Vec<(Track, BTreeMap<u32, Added>)> = Vec::new();
    let found_in = std::cell::RefCell::new(&mut found);
    visit(
        bytes,
        |track| {
            found_in.borrow_mut().push((track.clone(), BTreeMap::new()));
            Some(found_in.borrow().len() - 1)
        },
        |place, bucket, added| {
            found_in.borrow_mut()[*place].1.insert(bucket, added);
        },
    )?;
    for (track, buckets) in found {
        let own = chunk.entry(track).or_default();
        for (bucket, added) in buckets {
            own.entry(bucket).or_default().plus(added);
        }
    }
    Ok(())
}

/// Writes a number, as short as it is.
pub(crate) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Bytes that are read from their start on.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes(bytes)
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number: u64 = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(workload: &str, verdict: Verdict) -> Track {
        Track {
            workload: workload.into(),
            direction: Direction::Egress,
            verdict,
            reason: Reason::DefaultDeny,
            policy: "NetworkPolicy/a/p".into(),
            rule: "NetworkPolicy/a/p#egress[0]".into(),
        }
    }

    fn chunk() -> Chunk {
        let added = |packets| Added { packets, bytes: packets * 1_000 };
        let some = [(0, added(1)), (7, added(u64::MAX / 2_000)), (59, added(300))];
        [
            (track("a/x", Verdict::WouldDrop), some.into()),
            (track("a/y", Verdict::Forwarded), [(3, added(2))].into()),
        ]
        .into()
    }

    #[test]
    fn what_was_written_is_read_and_twice_is_double() {
        let mut read = Chunk::new();
        merge(&mut read, &encode(&chunk())).unwrap();
        assert_eq!(read, chunk());
        merge(&mut read, &encode(&chunk())).unwrap();
        assert_eq!(read[&track("a/x", Verdict::WouldDrop)][&59].packets, 600);
    }

    #[test]
    fn damaged_bytes_are_said_so_and_nothing_else() {
        let good = encode(&chunk());
        for at in 0..good.len() {
            assert_eq!(merge(&mut Chunk::new(), &good[..at]), Err(Damaged), "cut at {at}");
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            let _ = merge(&mut Chunk::new(), &bad);
        }
    }
}
