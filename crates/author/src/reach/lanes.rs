//! Lanes in words: protocols and ports as people write them.

use podwall_model::Protocol;
use podwall_policy::icmp_name;
use podwall_policy::table::Lane;

/// The lanes from the first to the last, in words: one for each protocol that is in it.
pub fn words(first: u32, last: u32) -> Vec<String> {
    if first == 0 && last == Lane::END - 1 {
        return vec!["everything".to_owned()];
    }
    let (low, high) = (first >> 16, last >> 16);
    let whole = |protocol: u32| {
        let from = if protocol == low { first & 0xffff } else { 0 };
        let to = if protocol == high { last & 0xffff } else { 0xffff };
        (from, to)
    };
    let mut parts = Vec::new();
    let mut protocol = low;
    while protocol <= high {
        let (from, to) = whole(protocol);
        // A run of whole protocols that people have no words for is one part.
        let mut end = protocol;
        while end < high
            && !is_known(end)
            && whole(end) == (0, 0xffff)
            && !is_known(end + 1)
            && whole(end + 1) == (0, 0xffff)
        {
            end += 1;
        }
        if end > protocol {
            parts.push(format!("protocols {protocol}-{end}"));
            protocol = end + 1;
            continue;
        }
        parts.push(one(protocol, from, to));
        protocol += 1;
    }
    parts
}

fn is_known(protocol: u32) -> bool {
    u8::try_from(protocol).map(Protocol).is_ok_and(|protocol| {
        protocol.has_ports() || matches!(protocol, Protocol::ICMP | Protocol::ICMP6)
    })
}

fn one(protocol: u32, from: u32, to: u32) -> String {
    let protocol = Protocol(u8::try_from(protocol).unwrap_or(u8::MAX));
    if (from, to) == (0, 0xffff) {
        return format!("{protocol}");
    }
    if protocol.has_ports() {
        return match from == to {
            true => format!("{from}/{protocol}"),
            false => format!("{from}-{to}/{protocol}"),
        };
    }
    let kind = |number: u32| {
        let family = match protocol {
            Protocol::ICMP => Some(podwall_model::IcmpFamily::V4),
            Protocol::ICMP6 => Some(podwall_model::IcmpFamily::V6),
            _ => None,
        };
        let name = family.zip(u8::try_from(number).ok()).and_then(|(f, kind)| icmp_name(f, kind));
        name.map_or(number.to_string(), str::to_owned)
    };
    match from == to {
        true => format!("{protocol} {}", kind(from)),
        false => format!("{protocol} {}-{}", kind(from), kind(to.min(255))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(protocol: u8, port: u32) -> u32 {
        u32::from(protocol) << 16 | port
    }

    #[test]
    fn lanes_are_said_as_people_write_them() {
        let say = |first, last| words(first, last).join(", ");
        assert_eq!(say(0, Lane::END - 1), "everything");
        assert_eq!(say(lane(6, 80), lane(6, 80)), "80/TCP");
        assert_eq!(say(lane(17, 1000), lane(17, 2000)), "1000-2000/UDP");
        assert_eq!(say(lane(6, 0), lane(6, 0xffff)), "TCP");
        assert_eq!(say(lane(1, 8), lane(1, 8)), "ICMPv4 EchoRequest");
        assert_eq!(say(lane(6, 81), lane(8, 0xffff)), "81-65535/TCP, protocols 7-8");
    }
}
