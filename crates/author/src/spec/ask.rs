//! One question about a state, asked in the words of test files.

use std::str::FromStr;

use podwall_model::Protocol;
use podwall_policy::explain::{Explanation, explain};
use podwall_policy::matching::Packet;

use super::place::Family;
use super::{Place, Sent, State};

impl FromStr for Sent {
    type Err = String;

    /// `5432/TCP`; `5432` is TCP; `icmp` and `icmp6` are echo requests.
    fn from_str(text: &str) -> Result<Sent, String> {
        let unreadable = || format!("not a port: `{text}`, hint: as in 5432/TCP, or icmp, icmp6");
        match text {
            "icmp" => return Ok(Sent { protocol: Protocol::ICMP, port: 8 }),
            "icmp6" => return Ok(Sent { protocol: Protocol::ICMP6, port: 128 }),
            _ => {}
        }
        let (number, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
        let protocol: Protocol = protocol.parse().map_err(|_| unreadable())?;
        let port = number.parse().map_err(|_| unreadable())?;
        if protocol.has_ports() { Ok(Sent { protocol, port }) } else { Err(unreadable()) }
    }
}

/// Why a flow becomes what it becomes: one explanation for each server and address family; or what
/// the world does not say.
pub fn ask(
    state: &State,
    from: &Place,
    to: &Place,
    sent: Sent,
) -> Result<Vec<Explanation>, String> {
    let shared = from.families(state);
    let both = to.families(state).into_iter().filter(|family| shared.contains(family));
    let wanted = |family: &Family| match (sent.protocol, family) {
        (Protocol::ICMP, Family::V6) | (Protocol::ICMP6, Family::V4) => false,
        (_, _) => true,
    };
    let mut answers: Vec<Explanation> = Vec::new();
    for family in both.filter(wanted) {
        let servers = match to.servers(family, sent, state) {
            Ok(servers) => servers,
            Err(_) if !answers.is_empty() => continue,
            Err(why) => return Err(why),
        };
        let client = from.client(family, state)?;
        for server in servers {
            let packet = Packet { protocol: sent.protocol, port: server.port };
            let answer = explain(&state.court(), &client, &server.end, packet);
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
    }
    match answers.iter().any(|answer| !answer.directions.is_empty()) {
        true => Ok(answers),
        false if answers.is_empty() => Err("the two ends share no address family".to_owned()),
        false => Err("neither end is a workload of this world, so nothing is judged".to_owned()),
    }
}
