//! TLS by OpenSSL: the system's library, which its updates keep patched.

use super::{unknown_verification, unreadable, Refusal};
use crate::ffi::{Code, SessionOptions, Status};
use openssl::error::ErrorStack;
use openssl::ssl::{
    HandshakeError, SslConnector, SslConnectorBuilder, SslFiletype, SslMethod, SslVerifyMode,
};
use openssl::x509::X509VerifyResult;
use scylla::client::session::{OpenSsl010Config, TlsContext};
use std::io::{self, Read};
use std::net::{IpAddr, TcpStream};

/// X509_V_ERR_HOSTNAME_MISMATCH, _EMAIL_MISMATCH and _IP_ADDRESS_MISMATCH.
const NAME_MISMATCHES: std::ops::RangeInclusive<i32> = 62..=64;

pub fn context(options: &SessionOptions, refusal: &Refusal) -> Result<TlsContext, Status> {
    Ok(OpenSsl010Config::new(builder(options, refusal)?).into())
}

/// Shakes hands and reads: the error is what the node answers with instead of letting the client in.
pub fn listen(options: &SessionOptions, node: IpAddr, stream: TcpStream) -> io::Result<()> {
    let connector = builder(options, &Refusal::default())
        .map_err(|status| io::Error::other(status.message))?
        .build();
    match connector.connect(&node.to_string(), stream) {
        Ok(mut connection) => connection.read(&mut [0]).map(drop),
        Err(HandshakeError::SetupFailure(error)) => Err(io::Error::other(error)),
        Err(HandshakeError::Failure(broken) | HandshakeError::WouldBlock(broken)) => {
            Err(io::Error::other(broken.into_error()))
        }
    }
}

/// Every certificate is checked against the node's IP address, here and by the driver; "ca" takes
/// that back.
fn builder(options: &SessionOptions, refusal: &Refusal) -> Result<SslConnectorBuilder, Status> {
    let failed = |error: ErrorStack| Status::new(Code::Tls, error);
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(failed)?;
    if !options.tls_ca_file.is_empty() {
        builder
            .set_ca_file(&options.tls_ca_file)
            .map_err(|_| unreadable("CA certificates", &options.tls_ca_file))?;
    }
    if !options.tls_cert_file.is_empty() {
        builder
            .set_certificate_chain_file(&options.tls_cert_file)
            .map_err(|_| unreadable("the client certificate", &options.tls_cert_file))?;
    }
    if !options.tls_key_file.is_empty() {
        builder
            .set_private_key_file(&options.tls_key_file, SslFiletype::PEM)
            .map_err(|_| unreadable("the client key", &options.tls_key_file))?;
    }
    let checks_name = match options.tls_verify.as_str() {
        "full" => true,
        "" | "ca" => false,
        "none" => {
            builder.set_verify(SslVerifyMode::NONE);
            return Ok(builder);
        }
        other => return Err(unknown_verification(other)),
    };
    let refusal = refusal.clone();
    builder.set_verify_callback(SslVerifyMode::PEER, move |trusted, store| {
        if trusted {
            return true;
        }
        if !checks_name && NAME_MISMATCHES.contains(&store.error().as_raw()) {
            store.set_error(X509VerifyResult::OK);
            return true;
        }
        refusal.note(store.error().error_string());
        false
    });
    Ok(builder)
}
