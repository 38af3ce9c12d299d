//! Seeded faults: the C with one mistake in it, and the test of this suite that must notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::node::Node;
use crate::{corpus, flow, icmp, identity, object, piece, service};

/// A file, what stands there, the mistake, and the test that has to fail.
type Fault = (&'static str, &'static str, &'static str, fn());

const FAULTS: [Fault; 26] = [
    (
        "table.h",
        "step->first <= lane",
        "step->first < lane",
        flow::an_allowed_connection_passes_in_both_ways,
    ),
    (
        "table.h",
        "high = length;",
        "high = length - 1;",
        flow::an_allowed_connection_passes_in_both_ways,
    ),
    (
        "table.h",
        "if (both != enforce)",
        "if (0)",
        flow::detection_drops_nothing_and_names_the_rule_that_would,
    ),
    (
        "table.h",
        "PW_WOULD_DROP ? second : first",
        "PW_WOULD_DROP ? first : first",
        flow::detection_drops_nothing_and_names_the_rule_that_would,
    ),
    (
        "table.h",
        "&& !(first & PW_RULE_MASK)",
        "&& 0",
        flow::an_open_direction_names_the_rule_in_detection_that_allows,
    ),
    (
        "table.h",
        "return would_stop ? PW_DROPPED : PW_WOULD_ALLOW;",
        "return PW_DROPPED;",
        flow::what_detection_would_open_is_dropped_and_said,
    ),
    (
        "connection.h",
        "connection->generation == generation_of(word_of(connection->slot));",
        "1;",
        flow::another_generation_judges_again_on_the_next_packet,
    ),
    (
        "connection.h",
        "connection->ifindex != packet->ifindex ||",
        "0 ||",
        identity::an_address_that_moved_takes_its_connections_from_nobody,
    ),
    (
        "connection.h",
        "(packet->tcp_flags & (PW_SYN | PW_FIN | PW_RST))",
        "(packet->tcp_flags & (PW_FIN | PW_RST))",
        flow::a_begin_on_an_old_port_is_another_connection,
    ),
    (
        "connection.h",
        "judgement->direction = connection->opener;\n\tjudgement->lane",
        "judgement->direction = PW_EGRESS;\n\tjudgement->lane",
        flow::an_adopted_connection_is_judged_in_its_own_direction,
    ),
    (
        "connection.h",
        "(__s64)(*opened - quota->closed) <",
        "(__s64)(*opened - quota->closed) <=",
        flow::a_full_quota_stops_where_it_is_enforced_and_nowhere_else,
    ),
    (
        "connection.h",
        "\t__sync_fetch_and_add(opened, 1);",
        "",
        flow::a_full_quota_stops_where_it_is_enforced_and_nowhere_else,
    ),
    (
        "connection.h",
        "ends |= packet->direction == PW_EGRESS ? PW_POD_FIN : PW_PEER_FIN;",
        "ends |= PW_POD_FIN | PW_PEER_FIN;",
        flow::both_ends_finished_is_told_once,
    ),
    (
        "icmp.h",
        "packet->key.asker = pod_asks ? PW_POD_ASKS : PW_PEER_ASKS;",
        "packet->key.asker = PW_POD_ASKS;",
        icmp::a_ping_is_answered_and_a_ping_back_is_not_an_answer,
    ),
    (
        "icmp.h",
        "quoted.pod = quoted.peer;\n",
        "",
        icmp::an_error_follows_the_connection_it_quotes_and_no_other,
    ),
    ("icmp.h", "if (hops != 255)", "if (0)", corpus::ipv6_headers_that_lie),
    (
        "dissect.h",
        "way->at += ip.ihl * 4U;",
        "way->at += 20;",
        piece::ports_are_read_behind_ipv4_options,
    ),
    ("dissect.h", "(head[3] || !head[2])", "0", corpus::ipv6_headers_that_lie),
    ("dissect.h", "|| is_v4(&source)", "", corpus::ipv6_headers_that_lie),
    (
        "packet.h",
        "return valid >> (flags & 0x37) & 1;",
        "return 1;",
        corpus::transport_headers_that_lie_and_packets_nobody_asked_for,
    ),
    ("packet.h", "skb->gso_segs ?: 1", "1", flow::a_large_packet_counts_its_segments),
    (
        "from_pod.c",
        "!join_piece(packet)",
        "(join_piece(packet), 0)",
        piece::later_pieces_share_the_fate_of_the_first,
    ),
    (
        "from_pod.c",
        ": slot_at(&packet->key.pod, packet->ifindex);",
        ": slot_behind(packet->ifindex);",
        corpus::a_workload_speaks_for_itself_alone,
    ),
    (
        "identity.h",
        "if (is_host(identity))",
        "if (0)",
        identity::the_machine_itself_is_who_sent_from_here_not_who_has_its_address,
    ),
    (
        "service.h",
        "first + count - 1 - i",
        "first + i",
        service::a_service_whose_every_backend_is_denied_is_refused_at_once,
    ),
    ("event.h", "counts->lost++;", "", flow::events_told_and_lost_are_all_events),
];

#[test]
fn each_seeded_fault_is_noticed() {
    let mut missed = Vec::new();
    for (file, from, to, notice) in FAULTS {
        let wrong = object::changed(file, from, to);
        let noticed = Node::in_place_of_the_object(&wrong, || {
            catch_unwind(AssertUnwindSafe(notice)).is_err()
        });
        if !noticed {
            missed.push(format!("{file}: `{from}` -> `{to}`"));
        }
    }
    assert!(missed.is_empty(), "nobody noticed: {missed:#?}");
}
