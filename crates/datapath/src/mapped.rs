//! An array of the kernel mapped into this process: a store here is seen by the next packet.

use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::map::Map;

/// A mapped array, elements of a multiple of 8 bytes.
#[derive(Debug)]
pub(crate) struct Mapped {
    start: NonNull<u8>,
    element_bytes: usize,
    capacity: usize,
}

// SAFETY: the mapping is plain memory that lives until drop; it is only touched through atomics.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps the whole of an array that was made with `BPF_F_MMAPABLE`.
    pub(crate) fn new(map: &Map) -> io::Result<Mapped> {
        let element_bytes = map.value_bytes as usize;
        assert!(element_bytes.is_multiple_of(8), "elements stand at multiples of 8 bytes");
        let capacity = map.capacity as usize;
        // SAFETY: a fresh mapping at an address that the kernel chooses; the length is the array's.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                element_bytes * capacity,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.descriptor().as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).expect("a mapping is not at address 0");
        Ok(Mapped { start, element_bytes, capacity })
    }

    /// The 64-bit word at `index`, `offset` bytes into the element.
    pub(crate) fn word(&self, index: u32, offset: usize) -> &AtomicU64 {
        let place = self.place(index, offset, 8);
        // SAFETY: inside the mapping, aligned to 8, and all access to it is atomic.
        unsafe { AtomicU64::from_ptr(place.cast().as_ptr()) }
    }

    /// The 32-bit half word at `index`, `offset` bytes into the element.
    pub(crate) fn half_word(&self, index: u32, offset: usize) -> &AtomicU32 {
        let place = self.place(index, offset, 4);
        // SAFETY: inside the mapping, aligned to 4, and all access to it is atomic.
        unsafe { AtomicU32::from_ptr(place.cast().as_ptr()) }
    }

    /// Writes an element that nobody reads yet.
    pub(crate) fn fill(&self, index: u32, element: &[u8]) {
        assert_eq!(element.len(), self.element_bytes, "the element's type is the array's");
        for (number, word) in element.chunks_exact(8).enumerate() {
            let word = u64::from_ne_bytes(word.try_into().expect("8 bytes"));
            self.word(index, number * 8).store(word, Ordering::Relaxed);
        }
        std::sync::atomic::fence(Ordering::Release);
    }

    /// Reads an element.
    pub(crate) fn read(&self, index: u32) -> Vec<u8> {
        let words = 0..self.element_bytes / 8;
        words
            .flat_map(|word| self.word(index, word * 8).load(Ordering::Relaxed).to_ne_bytes())
            .collect()
    }

    fn place(&self, index: u32, offset: usize, bytes: usize) -> NonNull<u8> {
        let index = index as usize;
        assert!(index < self.capacity, "index {index} of an array of {}", self.capacity);
        assert!(offset + bytes <= self.element_bytes && offset.is_multiple_of(bytes));
        // SAFETY: the offset was just shown to lie inside the mapping.
        unsafe { self.start.add(index * self.element_bytes + offset) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and every borrow of it has ended.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.element_bytes * self.capacity) };
    }
}
