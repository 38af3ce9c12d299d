//! Tables: what the kernel looks up, as plain values.
//!
//! One table is one policy set as one class of workloads meets it, in both directions. A packet's
//! peer identity finds a [`Row`]; in the row, the greatest [`Step`] not above the packet's
//! [`Lane`] holds the decision. Everything about precedence was settled when the row was made
//! (docs/adr/0002): the kernel compares numbers and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use podwall_model::{Direction, Protocol, Reason, RuleId};

use crate::gate::Sheet;
use crate::rule::Action;

/// Where a packet stands on the line of all protocols and ports: `protocol << 16 | port`.
/// For ICMP the port is the type; for protocols without ports it is 0. Below `1 << 24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u32);

impl Lane {
    /// One past the last lane.
    pub const END: u32 = 1 << 24;

    /// The lane of a packet.
    pub fn new(protocol: Protocol, port: u16) -> Lane {
        Lane(u32::from(protocol.0) << 16 | u32::from(port))
    }
}

/// What a table says of one packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decision {
    /// Whether the packet may pass.
    pub action: Action,
    /// The rule that decided. `None` with allow: the direction is not isolated. `None` with deny:
    /// it is, and no rule allows (default deny).
    pub rule: Option<Arc<RuleId>>,
    /// With allow: what the gate asks of the requests in it. `None`: it passes unread.
    pub sheet: Option<Arc<Sheet>>,
}

impl Decision {
    /// Not isolated: everything passes.
    pub const OPEN: Decision = Decision { action: Action::Allow, rule: None, sheet: None };
    /// Isolated, and no rule allows it.
    pub const DEFAULT_DENY: Decision = Decision { action: Action::Deny, rule: None, sheet: None };

    /// Why it stops a packet, or that it does not.
    pub fn reason(&self) -> Reason {
        match (self.action, &self.rule) {
            (Action::Allow, _) => Reason::None,
            (Action::Deny, None) => Reason::DefaultDeny,
            (Action::Deny, Some(_)) => Reason::DenyRule,
        }
    }
}

/// The decision from `first` on, up to the next step's first lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// The first lane it holds for.
    pub first: Lane,
    /// What it says.
    pub decision: Decision,
}

/// What one identity may do: steps sorted by lane, the first at lane 0, no two neighbours equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(Vec<Step>);

impl Row {
    /// A row of these steps.
    ///
    /// # Panics
    /// If the steps are not sorted, do not begin at lane 0, or two neighbours say the same.
    pub fn new(steps: Vec<Step>) -> Row {
        assert!(steps.first().is_some_and(|step| step.first == Lane(0)), "a row begins at lane 0");
        assert!(
            steps.windows(2).all(|w| w[0].first < w[1].first && w[0].decision != w[1].decision),
            "steps are sorted and merged"
        );
        Row(steps)
    }

    /// A row of steps that are known to be sorted and merged.
    pub(crate) fn merged(steps: Vec<Step>) -> Row {
        debug_assert!(Row::new(steps.clone()).0 == steps, "`new` says what a row is");
        Row(steps)
    }

    /// A row that says the same of every packet.
    pub fn uniform(decision: Decision) -> Row {
        Row(vec![Step { first: Lane(0), decision }])
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The decision for one packet.
    pub fn at(&self, lane: Lane) -> &Decision {
        let after = self.0.partition_point(|step| step.first <= lane);
        &self.0[after - 1].decision
    }
}

/// The number of an identity on this node. Numbers below 256 are reserved, with Cilium's meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityNumber(pub u32);

impl IdentityNumber {
    /// The local node.
    pub const HOST: IdentityNumber = IdentityNumber(1);
    /// An IPv4 address that nothing else is known of.
    pub const WORLD_V4: IdentityNumber = IdentityNumber(9);
    /// An IPv6 address that nothing else is known of.
    pub const WORLD_V6: IdentityNumber = IdentityNumber(10);
    /// The first number that the node gives itself.
    pub const FIRST_LOCAL: IdentityNumber = IdentityNumber(256);
    /// The first number of the local node at addresses that a range tells apart from the rest of
    /// it. All of these are the node: the kernel takes none for a sender that comes from elsewhere.
    pub const FIRST_HOST: IdentityNumber = IdentityNumber(3 << 24);

    /// Whether it is the local node, at whichever address.
    pub fn is_host(self) -> bool {
        self == IdentityNumber::HOST || self >= IdentityNumber::FIRST_HOST
    }
}

/// One direction of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// Whether some policy makes this direction default-deny.
    pub isolated: bool,
    /// What holds for identities without a row of their own.
    pub fallback: Arc<Row>,
    /// Rows of identities that differ from the fallback. Equal rows are shared.
    pub rows: BTreeMap<IdentityNumber, Arc<Row>>,
}

impl Half {
    /// A direction that no policy is about.
    pub fn open() -> Half {
        Half {
            isolated: false,
            fallback: Arc::new(Row::uniform(Decision::OPEN)),
            rows: BTreeMap::new(),
        }
    }

    /// The decision for one packet of one peer.
    pub fn look_up(&self, peer: IdentityNumber, lane: Lane) -> &Decision {
        self.rows.get(&peer).unwrap_or(&self.fallback).at(lane)
    }
}

/// One policy set as one class of workloads meets it. Tables share the halves that are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What may come in.
    pub ingress: Arc<Half>,
    /// What may go out.
    pub egress: Arc<Half>,
}

impl Table {
    /// The table of these halves.
    pub fn of(ingress: Half, egress: Half) -> Table {
        Table { ingress: Arc::new(ingress), egress: Arc::new(egress) }
    }

    /// The table of a class that no policy is about.
    pub fn open() -> Table {
        Table::of(Half::open(), Half::open())
    }

    /// One direction of it.
    pub fn half(&self, direction: Direction) -> &Half {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}
