//! Agents are killed at any moment and after any write, while a prober looks at every packet.

use std::time::{Duration, Instant};

use podwall_wire::node::ToAgent;

use crate::enforcing::started;
use crate::place::Place;
use crate::prober::{Account, Prober};
use crate::runner::Case;
use crate::talk::{Agent, Control};

pub(crate) const CASES: [Case; 3] = [
    ("a_hundred_kills_at_random_instants_touch_no_packet", a_hundred_kills),
    ("a_kill_after_any_write_of_a_change_touches_no_packet", a_kill_after_any_write),
    ("the_prober_sees_an_unpinned_link_go", an_unpinned_link),
];

/// How many agents are killed at random.
const KILLS: u32 = 100;

/// `web` may reach 5432 by its labels; 5434 is denied by a rule.
const BY_LABELS: &str = crate::enforcing::POLICY;

/// `web` may reach 5432 by its address, so that it becomes another peer; 5434 is not listed.
const BY_ADDRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from: [{ipBlock: {cidr: 10.77.1.0/24}}, {ipBlock: {cidr: 'fd77:1::/64'}}]
    ports: [{port: 5432, protocol: UDP}, {port: 8000, endPort: 8100, protocol: TCP}]
  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.77.1.0/24]}}]
    ports: [{port: 5434, protocol: UDP}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {}}]
";

/// Instants that differ from run to run; the seed is printed, so that a run can be read again.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let seed = u64::from(now.subsec_nanos()) | 1;
        println!("  seed {seed}");
        Random(seed)
    }

    fn below(&mut self, bound: Duration) -> Duration {
        // Xorshift, as Marsaglia gave it.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_nanos(self.0 % u64::try_from(bound.as_nanos()).unwrap())
    }
}

fn pause(pause: Duration) {
    let until = Instant::now() + pause;
    while let Some(rest) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(rest);
    }
}

/// A place where `BY_LABELS` is in force and nobody runs.
fn enforced(place: &Place) -> Control {
    let (mut control, mut agent) = started(place);
    control.put_in_force(place, BY_LABELS);
    agent.kill();
    control
}

fn clean(account: &Account) {
    println!("  {account:?}");
    assert!(account.allowed > 0 && account.denied > 0);
    assert_eq!((account.lost, account.passed), (0, 0));
}

fn a_hundred_kills() {
    let place = Place::new();
    let mut control = enforced(&place);
    let mut random = Random::new();
    let prober = Prober::start(&place);
    let mut changes = 0;
    for kill in 0..KILLS {
        let mut agent = Agent::start(&place, &[]);
        if kill % 4 == 0 {
            // While it comes up and adopts.
            pause(random.below(Duration::from_millis(200)));
        } else if control.accept_or_end(&mut agent).is_some() {
            let policies = if kill % 2 == 0 { BY_LABELS } else { BY_ADDRESS };
            control.want(&place, &place.world(), policies);
            pause(random.below(Duration::from_millis(40)));
            changes += 1;
        }
        agent.kill();
    }
    assert!(changes > KILLS / 2, "most agents came up: {changes}");
    let mut agent = Agent::start(&place, &[]);
    control.accept(&mut agent);
    control.put_in_force(&place, BY_ADDRESS);
    clean(&prober.stop());
}

fn a_kill_after_any_write() {
    let place = Place::new();
    let mut control = enforced(&place);
    let prober = Prober::start(&place);
    let mut killed = 0;
    for writes in 1_u64.. {
        let mut agent = Agent::start(&place, &[&writes.to_string()]);
        let lived = control.accept_or_end(&mut agent).is_some()
            && control.put_in_force_or_end(&place, BY_ADDRESS);
        if lived {
            break;
        }
        assert!(!agent.wait_for_end().success());
        killed += 1;
        let mut agent = Agent::start(&place, &[]);
        control.accept(&mut agent);
        control.put_in_force(&place, BY_LABELS);
        agent.kill();
    }
    println!("  killed after each of {killed} writes");
    assert!(killed > 10, "a change takes some writes: {killed}");
    clean(&prober.stop());
}

fn an_unpinned_link() {
    let place = Place::new();
    let (mut control, mut agent) = started(&place);
    control.put_in_force(&place, BY_LABELS);
    let prober = Prober::start(&place);
    let unpinned = place.unpin_links();
    assert!(unpinned > 0, "there are pinned links");
    agent.kill();
    let mut next = Agent::start(&place, &[]);
    control.accept(&mut next);
    control.say(&ToAgent::Remove);
    let account = prober.stop();
    println!("  {account:?}");
    assert!(account.passed > 0, "the prober is blind");
}
