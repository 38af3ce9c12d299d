//! Faults that tests put into the compiler, to show that its witnesses would see them.
//!
//! Outside of this crate's own tests `seeded` is the constant `false`, and nothing of this is left.

/// One mistake that a compiler of policies could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]

pub(super) enum Fault {
    AllowWins,
    LastRuleDecides,
    AnySourceIsK8s,
    OnlyFirstValue,
    NotInNeedsKey,
    NobodyIsAnyone,
    AnyoneIsInside,
    ExceptIsIgnored,
    ExceptCutsTheRule,
    WorldRangeMeansPods,
    EverythingRangeMeansWorld,
    AnyPortIsNoIcmp,
    NoPortsIsAny,
    RangeEndsEarly,
    RangeNeverEnds,
    IcmpZeroIsAny,
    NameIgnoresProtocol,
    NamedRangeIsOnePort,
    PeersNameIsSubjects,
    AnyRuleIsolates,
    NothingIsolates,
    HostBeatsDeny,
    RemoteNodeIsHost,
    HostNeedsRule,
    DetectionEnforces,
    NamespaceModeWins,
}

#[cfg(not(test))]
pub(super) const fn seeded(_: Fault) -> bool {
    false
}

#[cfg(test)]
pub(super) use self::seed::{seed, seeded};

#[cfg(test)]
mod seed {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static SEEDED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Seeds one fault into this thread's compiler, or takes it out.
    pub(in crate::compile) fn seed(fault: Option<Fault>) {
        SEEDED.set(fault);
    }

    pub(in crate::compile) fn seeded(fault: Fault) -> bool {
        SEEDED.get() == Some(fault)
    }
}
