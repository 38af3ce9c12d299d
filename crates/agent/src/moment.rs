//! One instant on both clocks: the wall clock for records, the monotonic one for windows and for
//! events, which the kernel stamps with it.

use std::time::Duration;

/// An instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Since the machine came up (`CLOCK_MONOTONIC`, as `bpf_ktime_get_ns`).
    pub(crate) uptime: Duration,
    /// Since the epoch.
    pub(crate) wall: Duration,
}

impl Moment {
    /// When, since the epoch, it was that the machine had been up for `uptime`.
    pub(crate) fn wall_at(self, uptime: Duration) -> Duration {
        match self.uptime.checked_sub(uptime) {
            Some(ago) => self.wall.saturating_sub(ago),
            None => self.wall,
        }
    }

    /// The wall clock in whole milliseconds, as the wire carries it.
    pub(crate) fn wall_ms(self) -> u64 {
        u64::try_from(self.wall.as_millis()).expect("milliseconds since the epoch fit 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_dated_by_how_long_ago_it_was() {
        let now = Moment { uptime: Duration::from_secs(100), wall: Duration::from_secs(5_000) };
        assert_eq!(now.wall_at(Duration::from_secs(97)), Duration::from_secs(4_997));
        assert_eq!(now.wall_at(Duration::from_secs(101)), now.wall);
    }
}
