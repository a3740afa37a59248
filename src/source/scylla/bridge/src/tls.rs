//! TLS contexts from the session's options, by one of two libraries: OpenSSL, the system's, or rustls,
//! which a Python wheel brings with it. Both take the same options and mean the same by them.

use crate::error;
use crate::ffi::{Code, SessionOptions, Status};
use scylla::client::session::TlsContext;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "openssl")]
mod with_openssl;
#[cfg(feature = "openssl")]
use with_openssl as library;

#[cfg(all(feature = "rustls", not(feature = "openssl")))]
mod with_rustls;
#[cfg(all(feature = "rustls", not(feature = "openssl")))]
use with_rustls as library;

/// Why a node's certificate was refused, from the callback that refuses it: OpenSSL's error says only
/// that it was, and the driver does not hand on the connection that could tell more.
#[derive(Clone, Default)]
pub struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    #[cfg(feature = "openssl")]
    fn note(&self, reason: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_string());
    }

    /// The failure with its reason, where it is one of verification and does not tell.
    pub fn explain(&self, status: Status) -> Status {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*noted {
            Some(reason) if status.message.ends_with("certificate verify failed") => {
                Status::new(status.code, format!("{} ({reason})", status.message))
            }
            _ => status,
        }
    }
}

/// The context of all connections, or none where TLS is off. "full" asks for a trusted chain and a
/// certificate that names the node's IP address; "ca" for a trusted chain only, as other Cassandra
/// drivers do by default, because few node certificates name addresses; "none" for nothing.
pub fn context(options: &SessionOptions, refusal: &Refusal) -> Result<Option<TlsContext>, Status> {
    if !options.tls {
        return Ok(None);
    }
    library::context(options, refusal).map(Some)
}

/// The alert that a node ("host:port", each of its addresses in turn) sends by itself once hands are
/// shaken: by it, it refuses a client's certificate behind the handshake (TLS 1.3). The alert is lost
/// where something of the client's arrives after that; nothing is sent here. None where there is no
/// alert, as of a node that waits for requests. Blocks for up to `limit` to connect and for each read,
/// and for as long as a name is looked up.
pub fn listen(options: &SessionOptions, node: &str, limit: Duration) -> Option<Status> {
    let addresses = node.to_socket_addrs().ok()?;
    addresses
        .filter_map(|address| try_listen(options, &address, limit).err())
        .find_map(|error| error::alert(&error))
}

fn try_listen(options: &SessionOptions, address: &SocketAddr, limit: Duration) -> io::Result<()> {
    let stream = TcpStream::connect_timeout(address, limit)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    library::listen(options, address.ip(), stream)
}

fn unreadable(what: &str, path: &str) -> Status {
    Status::new(
        Code::Tls,
        format!("cannot read {what} from {path:?}; it must be a PEM file"),
    )
}

fn unknown_verification(name: &str) -> Status {
    Status::new(
        Code::Config,
        format!("unknown TLS verification {name:?}; it is ca, full or none"),
    )
}
