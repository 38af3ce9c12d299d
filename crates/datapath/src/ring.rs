//! The ring buffer of the kernel, mapped: records are read where they lie.
//!
//! The layout is that of `BPF_MAP_TYPE_RINGBUF`: a page with the consumer's position, which we may
//! write, a page with the producer's, then the data twice in a row, so that no record is ever cut.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::map::Map;

/// Set in a record's length while it is being written.
const BUSY: u32 = 1 << 31;
/// Set where it was given up.
const DISCARDED: u32 = 1 << 30;
/// What stands before each record: its length with the flags, and four bytes of no use to us.
const HEADER_BYTES: usize = 8;

/// The ring, with this process as its reader.
#[derive(Debug)]
pub(crate) struct Ring {
    descriptor: OwnedFd,
    consumer: NonNull<u8>,
    producer: NonNull<u8>,
    page_bytes: usize,
    data_bytes: usize,
}

// SAFETY: the mappings live until drop; positions are atomics, and records are read only between
// the consumer's position, which this value alone moves, and the producer's.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the ring.
    pub(crate) fn new(map: &Map) -> io::Result<Ring> {
        let page_bytes = page_bytes()?;
        let data_bytes = map.capacity as usize;
        let descriptor = map.descriptor().try_clone_to_owned()?;
        let writable = libc::PROT_READ | libc::PROT_WRITE;
        let consumer = mapping(descriptor.as_fd(), page_bytes, writable, 0)?;
        let length = page_bytes + 2 * data_bytes;
        let producer = match mapping(descriptor.as_fd(), length, libc::PROT_READ, page_bytes) {
            Ok(producer) => producer,
            Err(error) => {
                // SAFETY: the mapping was made just above and nobody borrows from it.
                unsafe { libc::munmap(consumer.as_ptr().cast(), page_bytes) };
                return Err(error);
            }
        };
        Ok(Ring { descriptor, consumer, producer, page_bytes, data_bytes })
    }

    /// Readable while there are records.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Reads the oldest record, then gives its place back; `None` where there is none yet. A
    /// record that was given up, or that `read` makes nothing of, is `Some(None)`.
    pub(crate) fn take<T>(&mut self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<Option<T>> {
        let (consumed, produced) = self.positions();
        let at = consumed.load(Ordering::Relaxed);
        if at >= produced.load(Ordering::Acquire) {
            return None;
        }
        let (head, record) = self.record(at);
        if head & BUSY != 0 {
            return None;
        }
        let length = (head & !DISCARDED) as usize;
        let result = if head & DISCARDED != 0 {
            None
        } else {
            // SAFETY: the record lies behind its header, whole because the data is mapped twice in
            // a row, and the kernel leaves it alone until the consumer's position has passed it.
            let record = unsafe { record.add(HEADER_BYTES) };
            // SAFETY: as above.
            read(unsafe { std::slice::from_raw_parts(record.as_ptr(), length) })
        };
        consumed.store(at + span(head), Ordering::Release);
        Some(result)
    }

    /// How many records there are that nobody has read, those that are being written among them.
    pub(crate) fn waiting(&self) -> u64 {
        let (consumed, produced) = self.positions();
        let end = produced.load(Ordering::Acquire);
        let (mut at, mut count) = (consumed.load(Ordering::Relaxed), 0);
        while at < end {
            at += span(self.record(at).0);
            count += 1;
        }
        count
    }

    /// Up to where was read, and up to where there are records.
    fn positions(&self) -> (&AtomicU64, &AtomicU64) {
        // SAFETY: both stand at the start of their page, aligned, are atomics, and stay as long as
        // this value.
        unsafe {
            (
                AtomicU64::from_ptr(self.consumer.cast().as_ptr()),
                AtomicU64::from_ptr(self.producer.cast().as_ptr()),
            )
        }
    }

    /// The record at a position that is not behind the producer's: its length with the flags, and
    /// where its header stands.
    fn record(&self, at: u64) -> (u32, NonNull<u8>) {
        let mask = self.data_bytes as u64 - 1;
        let offset = usize::try_from(at & mask).expect("a ring fits in memory");
        // SAFETY: the offset is below the size of the data, which starts behind the producer's
        // page.
        let record = unsafe { self.producer.add(self.page_bytes + offset) };
        // SAFETY: records stand at multiples of 8 and begin with their length, an atomic.
        let head = unsafe { AtomicU32::from_ptr(record.cast().as_ptr()) };
        (head.load(Ordering::Acquire), record)
    }
}

/// How far it is from a record to the next.
fn span(head: u32) -> u64 {
    let length = (head & !(BUSY | DISCARDED)) as usize;
    (length + HEADER_BYTES).next_multiple_of(8) as u64
}

impl Drop for Ring {
    fn drop(&mut self) {
        let length = self.page_bytes + 2 * self.data_bytes;
        // SAFETY: both mappings are ours, and no record is borrowed any more.
        unsafe {
            libc::munmap(self.consumer.as_ptr().cast(), self.page_bytes);
            libc::munmap(self.producer.as_ptr().cast(), length);
        }
    }
}

fn mapping(
    descriptor: BorrowedFd<'_>,
    length: usize,
    protection: libc::c_int,
    offset: usize,
) -> io::Result<NonNull<u8>> {
    let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: a fresh mapping at an address that the kernel chooses.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            protection,
            libc::MAP_SHARED,
            descriptor.as_raw_fd(),
            offset,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(NonNull::new(start.cast()).expect("a mapping is not at address 0"))
}

fn page_bytes() -> io::Result<usize> {
    // SAFETY: asks for a number.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).map_err(|_| io::Error::last_os_error())
}
