//! The cluster's DNS server: the names of services, and of the payment service outside.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::http::PATIENCE;
use super::journal::Logs;
use super::resolve::{read_framed, write_framed};
use crate::plan::{self, Addresses, FrontKind};

/// Seconds that an answer holds, as the cluster's own server says.
const LIFETIME_SECONDS: u32 = 30;
/// Questions on one TCP connection; a client that wants more opens another.
const QUESTIONS_BOUND: usize = 16;

/// Names, lower case with their final dot, and their addresses.
type Zone = BTreeMap<String, Addresses>;

/// Serves UDP and TCP for ever.
pub(crate) fn run(_: &Logs) -> Result<()> {
    let address = (Ipv6Addr::UNSPECIFIED, plan::DNS_PORT);
    let socket = UdpSocket::bind(address).context("unable to listen for DNS")?;
    let listener = TcpListener::bind(address).context("unable to listen for DNS")?;
    let zone = Arc::new(zone());
    let shared = Arc::clone(&zone);
    thread::spawn(move || serve_tcp(&listener, &shared));
    super::say_ready()?;
    let mut question = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut question).context("unable to receive")?;
        if let Some(answer) = answer(&zone, &question[..length]) {
            // A client that is gone by now gets no answer.
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Arc<Zone>) {
    while let Ok((stream, _)) = listener.accept() {
        let zone = Arc::clone(zone);
        thread::spawn(move || serve_connection(stream, &zone));
    }
}

fn serve_connection(mut stream: TcpStream, zone: &Zone) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    for _ in 0..QUESTIONS_BOUND {
        let question = read_framed(&mut stream).ok()?;
        write_framed(&mut stream, &answer(zone, &question)?).ok()?;
    }
    None
}

fn zone() -> Zone {
    let services = plan::fronts().into_iter().filter(|front| front.kind == FrontKind::Cluster);
    let named = services.map(|front| {
        (format!("{}.{}.{}.", front.name, front.namespace, plan::ZONE), front.addresses)
    });
    named.chain([(format!("{}.", plan::PAYMENT_NAME), plan::OUTSIDE)]).collect()
}

/// The answer to a question; silence for what is no question at all.
fn answer(zone: &Zone, question: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    if question.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.authoritative = true;
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.response_code = match question.queries.as_slice() {
        [query] if question.metadata.op_code == OpCode::Query => {
            let (code, records) = records(zone, &query.name, query.query_type);
            answer.add_answers(records);
            code
        }
        _ => ResponseCode::NotImp,
    };
    answer.add_queries(question.queries);
    answer.to_vec().ok()
}

fn records(zone: &Zone, name: &Name, kind: RecordType) -> (ResponseCode, Vec<Record>) {
    let Some(addresses) = zone.get(&name.to_ascii().to_ascii_lowercase()) else {
        return (ResponseCode::NXDomain, Vec::new());
    };
    let data = match kind {
        RecordType::A => Some(RData::A(A(addresses.v4))),
        RecordType::AAAA => Some(RData::AAAA(AAAA(addresses.v6))),
        _ => None,
    };
    let record = |data| Record::from_rdata(name.clone(), LIFETIME_SECONDS, data);
    (ResponseCode::NoError, data.map(record).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Query;

    use super::*;

    fn asked(name: &str, kind: RecordType) -> Message {
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let answer = answer(&zone(), &question.to_vec().unwrap()).unwrap();
        let answer = Message::from_vec(&answer).unwrap();
        assert_eq!(answer.metadata.id, question.metadata.id);
        assert_eq!(answer.queries, question.queries);
        answer
    }

    #[test]
    fn services_are_found_in_both_families_and_any_case() {
        let v4 = asked("Cart.shop.svc.cluster.local.", RecordType::A);
        assert_eq!(v4.answers[0].data, RData::A(A("10.96.0.20".parse().unwrap())));
        let v6 = asked("cart.shop.svc.cluster.local.", RecordType::AAAA);
        assert_eq!(v6.answers[0].data, RData::AAAA(AAAA("fd96::20".parse().unwrap())));
    }

    #[test]
    fn an_unknown_name_does_not_exist_and_a_known_one_may_have_no_such_record() {
        let unknown = asked("evil.example.", RecordType::A);
        assert_eq!(unknown.metadata.response_code, ResponseCode::NXDomain);
        let empty = asked("payments.example.", RecordType::TXT);
        assert_eq!(empty.metadata.response_code, ResponseCode::NoError);
        assert!(empty.answers.is_empty());
    }

    #[test]
    fn bytes_that_are_no_question_get_no_answer() {
        assert_eq!(answer(&zone(), b"\x00\x01"), None);
        let response = Message::response(7, OpCode::Query).to_vec().unwrap();
        assert_eq!(answer(&zone(), &response), None);
    }
}
