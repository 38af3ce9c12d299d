//! Faults that tests put into the compiler, to show that its witnesses would see them.
//!
//! Outside of this crate's own tests `seeded` is the constant `false`, and nothing of this is left.

macro_rules! faults {
    ($($name:ident = $words:literal;)*) => {
        /// One mistake that a compiler of policies could make.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Fault { $(#[doc = $words] $name,)* }

        #[cfg(test)]
        impl Fault {
            /// Every fault, and what it gets wrong.
            const ALL: &'static [(Fault, &'static str)] = &[$((Fault::$name, $words),)*];
        }
    };
}

faults! {
    AllowWins = "an allow beats a deny";
    LastRuleDecides = "the last of equal rules is said to decide";
    AnySourceIsK8s = "a selector without a source asks Kubernetes alone";
    OnlyFirstValue = "`In` looks at its first value alone";
    NotInNeedsKey = "`NotIn` is false without the key";
    NobodyIsAnyone = "an empty list of peers is everyone";
    AnyoneIsInside = "no restriction of peers means the cluster alone";
    ExceptIsIgnored = "an excepted range is not taken out";
    ExceptCutsTheRule = "an excepted range is taken out of the whole rule";
    WorldRangeMeansPods = "a range of CNP means pods and nodes";
    EverythingRangeMeansWorld = "an `ipBlock` means the outside alone";
    AnyPortIsNoIcmp = "no restriction of ports leaves out ICMP";
    NoPortsIsAny = "an empty list of ports is every port";
    RangeEndsEarly = "the last port of a range is left out";
    RangeNeverEnds = "a range goes on to the last port";
    IcmpZeroIsAny = "the ICMP type 0 is every type";
    NameIgnoresProtocol = "a named port is found under another protocol";
    NamedRangeIsOnePort = "the end of a range behind a name is ignored";
    PeersNameIsSubjects = "a named port of a peer is looked up in the subject";
    AnyRuleIsolates = "a rule isolates that says it does not";
    NothingIsolates = "no rule isolates";
    HostBeatsDeny = "the node reaches its workloads whatever denies it";
    RemoteNodeIsHost = "another node is taken for the local one";
    HostNeedsRule = "the node needs a rule to reach its workloads";
    DetectionEnforces = "what is in detection enforces";
    NamespaceModeWins = "the mode of a namespace beats the policy's own";
    PassStaysInTier = "a pass goes on in its own tier";
    BaselineOpens = "the baseline is asked where a rule isolates";
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

#[cfg(test)]
mod tests;
