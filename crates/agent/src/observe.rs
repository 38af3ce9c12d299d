//! The loop: whatever happens outside becomes an event, is decided, is acted upon.
//!
//! One thread does it all, so that no event is seen between a change of the kernel and of the names
//! that go with it. Slow looks at the machine run beside it and come back as events.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow as Flow;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, getppid};
use podwall_datapath::{Datapath, Events, LINGER, OpenError, Settings};
use podwall_host::{LinkWatch, Namespace};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::Options;
use crate::act::{Hands, Outcome};
use crate::decide::{State, TICKS_A_SECOND, decide};
use crate::event::Event;
use crate::moment::Moment;
use crate::places::in_full;
use crate::uplink;

/// Events that wait for the loop, at most; who has more waits too.
const WAITING: usize = 64;

/// Events that are taken from the ring before anything else is looked at.
const EVENTS_AT_ONCE: usize = 2048;

/// How long events stay in the ring when no world is known to name them from.
const NAMELESS: Duration = Duration::from_secs(5);

/// Serves until told to end.
pub(crate) async fn serve(options: Options) -> anyhow::Result<()> {
    let node = Namespace::open(Path::new("/proc/thread-self/ns/net"))?;
    let links = LinkWatch::here().context("unable to watch interfaces")?;
    let moved = bell(&links).context("unable to watch interfaces")?;
    let mut terminate = signal(SignalKind::terminate()).context("unable to wait for signals")?;
    let (mut state, datapath, mut ring) = open(&options)?;
    let rung = ring.as_ref().map(bell).transpose().context("unable to watch the ring of events")?;

    let (events, mut inbox) = mpsc::channel(WAITING);
    let (letters, post) = mpsc::channel(1);
    tokio::spawn(uplink::keep(options.state.join("agent.sock"), events.clone(), post));
    let mut hands = Hands::new(datapath, node, letters, events);
    let mut ticks = interval(Duration::from_millis(1000 / TICKS_A_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = Look::Now;
    let started = moment();
    let parent = options.parent.map_or_else(getppid, Pid::from_raw);

    loop {
        let named = state.can_name() || moment().uptime > started.uptime + NAMELESS;
        let event = tokio::select! {
            Some(event) = inbox.recv() => event,
            rang = rings(rung.as_ref(), look), if named => {
                let rang = rang.context("unable to wait for events")?;
                let seen = ring.as_mut().map(|ring| ring.drain(EVENTS_AT_ONCE));
                let seen = seen.unwrap_or_default();
                look = Look::after(rang, seen.len());
                Event::Seen(seen)
            }
            ready = moved.readable() => {
                ready.context("unable to wait for interfaces")?.clear_ready();
                match links.heard() {
                    Ok(true) => Event::LinksChanged,
                    Ok(false) => continue,
                    Err(cause) => return Err(cause).context("unable to watch interfaces"),
                }
            }
            _ = ticks.tick() => {
                if getppid() != parent {
                    tracing::warn!("whoever started the agent is gone; what is in force stays");
                    return Ok(());
                }
                Event::Tick
            }
            _ = terminate.recv() => return Ok(()),
        };
        if matches!(event, Event::Tick) && look == Look::WhenItRings {
            look = Look::Now;
        }
        match handle(&mut state, &mut hands, ring.as_mut(), event).await {
            Flow::Continue(()) => {}
            Flow::Break(()) => return Ok(()),
        }
    }
}

/// Opens the datapath and adopts what is there. State that is not understood is left alone, in
/// force as it was, and the agent lives on to say so.
fn open(options: &Options) -> anyhow::Result<(State, Option<Datapath>, Option<Events>)> {
    let mut settings = Settings::new(options.state.join("bpf"));
    settings.fail_after_writes = options.fail_after_writes;
    let (name, pid) = (options.node_name.clone(), std::process::id());
    match Datapath::open(&settings) {
        Ok((datapath, found)) => {
            let ring = datapath.events().context("unable to open the ring of events")?;
            tracing::info!(fresh = found.fresh, generation = found.generation, "datapath is open");
            Ok((State::new(name, pid, &found), Some(datapath), Some(ring)))
        }
        Err(cause @ (OpenError::LayoutUnknown { .. } | OpenError::Damaged(_))) => {
            let why = in_full(&cause);
            tracing::error!(why, "pinned state is left alone");
            Ok((State::left_alone(name, pid, why), None, None))
        }
        Err(cause) => Err(cause).context("unable to open the datapath"),
    }
}

/// Decides and acts until nothing follows any more.
async fn handle(
    state: &mut State,
    hands: &mut Hands,
    mut ring: Option<&mut Events>,
    event: Event,
) -> Flow<()> {
    // What the kernel saw before a change is named before it: by the world it was seen in.
    if matches!(event, Event::Located { .. } | Event::Said(_)) && state.can_name() {
        let before = drain(ring.as_deref_mut(), usize::MAX);
        act_on(state, hands, ring.as_deref(), before).await?;
    }
    act_on(state, hands, ring.as_deref(), event).await
}

async fn act_on(
    state: &mut State,
    hands: &mut Hands,
    ring: Option<&Events>,
    event: Event,
) -> Flow<()> {
    let mut next = VecDeque::from([event]);
    while let Some(mut event) = next.pop_front() {
        // After all that was produced: so no event is missing that is only on its way.
        if let (Event::Counted(counted), Some(ring)) = (&mut event, ring) {
            counted.waiting = ring.waiting();
        }
        for action in decide(state, event, moment()) {
            match hands.act(action).await {
                Outcome::Follows(events) => next.extend(events),
                Outcome::Done => {}
                Outcome::End => return Flow::Break(()),
            }
        }
    }
    Flow::Continue(())
}

/// Tells when a descriptor is readable; it is a copy, so that its owner stays free to read.
fn bell(owner: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    let copy = owner.as_fd().try_clone_to_owned()?;
    #[expect(deprecated, reason = "sound for an `OwnedFd`; its successor wants unsafe code")]
    AsyncFd::with_interest(copy, Interest::READABLE)
}

/// When the ring is read next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It was not emptied.
    Now,
    /// It rings no more than once in a while: what came since the last time has not rung.
    Soon(Instant),
    /// It was found empty and quiet.
    WhenItRings,
}

/// Whether the ring was read because it rang.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rang {
    Yes,
    No,
}

impl Look {
    fn after(rang: Rang, events: usize) -> Look {
        match (events, rang) {
            (EVENTS_AT_ONCE.., _) => Look::Now,
            (1.., _) | (0, Rang::Yes) => Look::Soon(Instant::now() + LINGER),
            (0, Rang::No) => Look::WhenItRings,
        }
    }
}

/// Waits until the ring is to be read; one that is not there never is.
async fn rings(rung: Option<&AsyncFd<OwnedFd>>, look: Look) -> io::Result<Rang> {
    let Some(rung) = rung else { return std::future::pending().await };
    let rings = async || rung.readable().await.map(|mut ready| ready.clear_ready());
    match look {
        Look::Now => Ok(Rang::No),
        Look::Soon(then) => match timeout_at(then, rings()).await {
            Ok(rang) => rang.map(|()| Rang::Yes),
            Err(_) => Ok(Rang::No),
        },
        Look::WhenItRings => rings().await.map(|()| Rang::Yes),
    }
}

/// The events that wait in the ring, the oldest first.
fn drain(ring: Option<&mut Events>, limit: usize) -> Event {
    Event::Seen(ring.map(|ring| ring.drain(limit)).unwrap_or_default())
}

/// Both clocks now.
fn moment() -> Moment {
    let read = |clock| Duration::from(clock_gettime(clock).expect("both clocks always exist"));
    Moment { uptime: read(ClockId::CLOCK_MONOTONIC), wall: read(ClockId::CLOCK_REALTIME) }
}
