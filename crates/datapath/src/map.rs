//! One map of the kernel, by its descriptor: typed keys and values, whole or in batches.
//!
//! Thin over `bpf(2)`: each call here is one system call unless it says otherwise.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Elements asked for at once. A hash gives whole buckets, so it may not be small.
const BATCH: u32 = 4096;

/// What an update expects of the element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nothing: it is made or replaced.
    Any,
    /// That it is not there yet.
    Absent,
}

/// A map.
#[derive(Debug)]
pub(crate) struct Map {
    descriptor: OwnedFd,
    pub(crate) key_bytes: u32,
    pub(crate) value_bytes: u32,
    pub(crate) capacity: u32,
}

impl Map {
    /// The map behind a descriptor.
    pub(crate) fn new(descriptor: OwnedFd) -> io::Result<Map> {
        let mut info = MaybeUninit::<libbpf_sys::bpf_map_info>::zeroed();
        let mut length = u32::try_from(size_of_val(&info)).expect("a struct is small");
        // SAFETY: `info` is writable for `length` bytes, and all zeroes is a value of it.
        let info = unsafe {
            check(libbpf_sys::bpf_map_get_info_by_fd(
                descriptor.as_raw_fd(),
                info.as_mut_ptr(),
                &raw mut length,
            ))?;
            info.assume_init()
        };
        Ok(Map {
            descriptor,
            key_bytes: info.key_size,
            value_bytes: info.value_size,
            capacity: info.max_entries,
        })
    }

    /// Its descriptor.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Makes or replaces an element.
    pub(crate) fn update<K, V>(&self, key: &K, value: &V, expect: Expect) -> io::Result<()>
    where
        K: IntoBytes + Immutable,
        V: IntoBytes + Immutable,
    {
        self.assert_sizes::<K, V>();
        let flags = match expect {
            Expect::Any => libbpf_sys::BPF_ANY,
            Expect::Absent => libbpf_sys::BPF_NOEXIST,
        };
        // SAFETY: key and value are readable for the sizes that the map has.
        check(unsafe {
            libbpf_sys::bpf_map_update_elem(
                self.descriptor.as_raw_fd(),
                key.as_bytes().as_ptr().cast(),
                value.as_bytes().as_ptr().cast(),
                flags.into(),
            )
        })
    }

    /// Puts a value into a queue, which has no keys.
    pub(crate) fn push<V: IntoBytes + Immutable>(&self, value: &V) -> io::Result<()> {
        assert_eq!(size_of::<V>(), self.value_bytes as usize, "the value's type is the map's");
        // SAFETY: the value is readable for the size that the map has; a queue takes no key.
        check(unsafe {
            libbpf_sys::bpf_map_update_elem(
                self.descriptor.as_raw_fd(),
                std::ptr::null(),
                value.as_bytes().as_ptr().cast(),
                libbpf_sys::BPF_ANY.into(),
            )
        })
    }

    /// Sets an element of a per-CPU map to zero on each CPU.
    pub(crate) fn clear_per_cpu<V>(&self, key: u32) -> io::Result<()>
    where
        V: FromBytes + IntoBytes + Immutable + Clone,
    {
        self.assert_sizes::<u32, V>();
        assert!(size_of::<V>().is_multiple_of(8), "per-CPU values stand at multiples of 8 bytes");
        let cpus = libbpf_rs::num_possible_cpus().map_err(io::Error::other)?;
        let values = vec![V::new_zeroed(); cpus];
        // SAFETY: one value of a multiple of 8 bytes is readable for each possible CPU.
        check(unsafe {
            libbpf_sys::bpf_map_update_elem(
                self.descriptor.as_raw_fd(),
                key.as_bytes().as_ptr().cast(),
                values.as_bytes().as_ptr().cast(),
                libbpf_sys::BPF_ANY.into(),
            )
        })
    }

    /// Deletes an element; `false` if it was not there.
    pub(crate) fn delete<K: IntoBytes + Immutable>(&self, key: &K) -> io::Result<bool> {
        assert_eq!(size_of::<K>(), self.key_bytes as usize, "the key's type is the map's");
        // SAFETY: the key is readable for the size that the map has.
        let result = check(unsafe {
            libbpf_sys::bpf_map_delete_elem(
                self.descriptor.as_raw_fd(),
                key.as_bytes().as_ptr().cast(),
            )
        });
        absent_is_none(result.map(|()| true)).map(|found| found.unwrap_or(false))
    }

    /// The value of an element.
    pub(crate) fn look_up<K, V>(&self, key: &K) -> io::Result<Option<V>>
    where
        K: IntoBytes + Immutable,
        V: FromBytes + IntoBytes + Immutable,
    {
        self.assert_sizes::<K, V>();
        let mut value = V::new_zeroed();
        // SAFETY: the key is readable and the value writable for the sizes that the map has.
        let result = check(unsafe {
            libbpf_sys::bpf_map_lookup_elem(
                self.descriptor.as_raw_fd(),
                key.as_bytes().as_ptr().cast(),
                value.as_mut_bytes().as_mut_ptr().cast(),
            )
        });
        absent_is_none(result.map(|()| value))
    }

    /// The values of an element of a per-CPU map, one for each possible CPU.
    pub(crate) fn look_up_per_cpu<V>(&self, key: u32) -> io::Result<Vec<V>>
    where
        V: FromBytes + IntoBytes + Immutable + Clone,
    {
        self.assert_sizes::<u32, V>();
        assert!(size_of::<V>().is_multiple_of(8), "per-CPU values stand at multiples of 8 bytes");
        let cpus = libbpf_rs::num_possible_cpus().map_err(io::Error::other)?;
        let mut values = vec![V::new_zeroed(); cpus];
        // SAFETY: the kernel writes one value of a multiple of 8 bytes for each possible CPU.
        check(unsafe {
            libbpf_sys::bpf_map_lookup_elem(
                self.descriptor.as_raw_fd(),
                key.as_bytes().as_ptr().cast(),
                values.as_mut_bytes().as_mut_ptr().cast(),
            )
        })?;
        Ok(values)
    }

    /// All elements, in as many calls as it takes. What is inserted or deleted meanwhile may be
    /// among them or not.
    pub(crate) fn all<K, V>(&self) -> io::Result<Vec<(K, V)>>
    where
        K: FromBytes + IntoBytes + Immutable + Copy,
        V: FromBytes + IntoBytes + Immutable + Copy,
    {
        self.assert_sizes::<K, V>();
        let mut keys = vec![K::new_zeroed(); BATCH as usize];
        let mut values = vec![V::new_zeroed(); BATCH as usize];
        // The kernel's own place in the map; for hashes 4 bytes, else as large as a key.
        let mut place = vec![0u8; size_of::<K>().max(8)];
        let mut first = true;
        let mut all = Vec::new();
        loop {
            let mut count = BATCH;
            let from = if first { std::ptr::null_mut() } else { place.as_mut_ptr() };
            // SAFETY: keys and values are writable for `count` elements, `place` for one key.
            let result = check(unsafe {
                libbpf_sys::bpf_map_lookup_batch(
                    self.descriptor.as_raw_fd(),
                    from.cast(),
                    place.as_mut_ptr().cast(),
                    keys.as_mut_bytes().as_mut_ptr().cast(),
                    values.as_mut_bytes().as_mut_ptr().cast(),
                    &raw mut count,
                    std::ptr::null(),
                )
            });
            let is_last = absent_is_none(result)?.is_none();
            all.extend(keys.iter().copied().zip(values.iter().copied()).take(count as usize));
            if is_last {
                return Ok(all);
            }
            first = false;
        }
    }

    fn assert_sizes<K, V>(&self) {
        assert_eq!(size_of::<K>(), self.key_bytes as usize, "the key's type is the map's");
        assert_eq!(size_of::<V>(), self.value_bytes as usize, "the value's type is the map's");
    }
}

/// What libbpf returned, as a result.
pub(crate) fn check(returned: i32) -> io::Result<()> {
    if returned < 0 { Err(io::Error::from_raw_os_error(-returned)) } else { Ok(()) }
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
