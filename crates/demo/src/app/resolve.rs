//! A stub resolver: one question to one server, over UDP or TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use super::http::PATIENCE;
use crate::plan;

/// How a question travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
}

/// Every so many questions one goes over TCP, so that both ways are seen.
const TCP_EVERY: u64 = 9;

/// The way of a turn.
pub(crate) fn way_of(turn: u64) -> Way {
    if turn % TCP_EVERY == TCP_EVERY - 1 { Way::Tcp } else { Way::Udp }
}

/// The address of a name, of the family in which the server itself is asked.
pub(crate) fn look_up(server: IpAddr, name: &str, way: Way) -> io::Result<IpAddr> {
    let kind = if server.is_ipv4() { RecordType::A } else { RecordType::AAAA };
    let name = Name::from_ascii(format!("{name}.")).map_err(io::Error::other)?;
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name, kind));
    let bytes = question.to_vec().map_err(io::Error::other)?;
    let to = SocketAddr::new(server, plan::DNS_PORT);
    let answer = match way {
        Way::Udp => over_udp(to, &bytes)?,
        Way::Tcp => over_tcp(to, &bytes)?,
    };
    let answer = Message::from_vec(&answer).map_err(io::Error::other)?;
    let matches = answer.metadata.id == question.metadata.id && answer.queries == question.queries;
    if !matches || answer.metadata.response_code != ResponseCode::NoError {
        return Err(io::Error::other(format!("dns {}", answer.metadata.response_code)));
    }
    answer
        .answers
        .iter()
        .find_map(|record| match &record.data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        })
        .ok_or_else(|| ErrorKind::NotFound.into())
}

fn over_udp(to: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(question)?;
    let mut answer = vec![0; 1232];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}

fn over_tcp(to: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write_framed(&mut stream, question)?;
    read_framed(&mut stream)
}

/// Writes one message with its length before it, in one piece (RFC 7766, section 8).
pub(crate) fn write_framed(stream: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())
}

/// Reads one message with its length before it.
pub(crate) fn read_framed(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}
