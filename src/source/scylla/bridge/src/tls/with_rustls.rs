//! TLS by rustls: nothing of the system but, without `tls_ca_file`, its certificate authorities.

use super::{unknown_verification, unreadable, Refusal};
use crate::ffi::{Code, SessionOptions, Status};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{aws_lc_rs, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, OtherError,
    RootCertStore, SignatureScheme, StreamOwned,
};
use scylla::client::session::TlsContext;
use std::io::{self, Read};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

/// Its errors tell why a certificate was refused: nothing is to be noted.
pub fn context(options: &SessionOptions, _refusal: &Refusal) -> Result<TlsContext, Status> {
    Ok(TlsContext::Rustls023(Arc::new(config(options)?)))
}

/// Shakes hands and reads: the error is what the node answers with instead of letting the client in.
pub fn listen(options: &SessionOptions, node: IpAddr, stream: TcpStream) -> io::Result<()> {
    let config = config(options).map_err(|status| io::Error::other(status.message))?;
    let client = ClientConnection::new(Arc::new(config), ServerName::from(node))
        .map_err(io::Error::other)?;
    StreamOwned::new(client, stream).read(&mut [0]).map(drop)
}

fn config(options: &SessionOptions) -> Result<ClientConfig, Status> {
    let failed = |error: Error| Status::new(Code::Tls, error);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(options, provider)?);
    let config = match client_identity(options)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|_| unreadable("the client key", key_file(options)))?,
        None => builder.with_no_client_auth(),
    };
    Ok(config)
}

type Chain = Vec<CertificateDer<'static>>;

fn certificates(what: &str, path: &str) -> Result<Chain, Status> {
    let found: Result<Chain, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    match found {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(unreadable(what, path)),
    }
}

fn client_identity(
    options: &SessionOptions,
) -> Result<Option<(Chain, PrivateKeyDer<'static>)>, Status> {
    if options.tls_cert_file.is_empty() {
        return Ok(None);
    }
    let chain = certificates("the client certificate", &options.tls_cert_file)?;
    let key = PrivateKeyDer::from_pem_file(key_file(options))
        .map_err(|_| unreadable("the client key", key_file(options)))?;
    Ok(Some((chain, key)))
}

/// As OpenSSL's users write it: the key may stand in the certificate's file.
fn key_file(options: &SessionOptions) -> &str {
    match options.tls_key_file.as_str() {
        "" => &options.tls_cert_file,
        path => path,
    }
}

/// The authorities of `tls_ca_file`, or the system's.
fn authorities(options: &SessionOptions) -> Result<Chain, Status> {
    if !options.tls_ca_file.is_empty() {
        return certificates("CA certificates", &options.tls_ca_file);
    }
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(Status::new(
            Code::Tls,
            "this system has no certificate authorities; name the cluster's in tls_ca_file",
        ));
    }
    Ok(found)
}

fn verifier(
    options: &SessionOptions,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Status> {
    let checks_name = match options.tls_verify.as_str() {
        "none" => return Ok(Arc::new(NoVerifier(provider))),
        "full" => true,
        "" | "ca" => false,
        other => return Err(unknown_verification(other)),
    };
    let trusted = authorities(options)?;
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(trusted.iter().cloned());
    if taken == 0 {
        return Err(unreadable("CA certificates", &options.tls_ca_file));
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| Status::new(Code::Tls, error))?;
    Ok(Arc::new(ChainVerifier {
        chain,
        trusted,
        checks_name,
    }))
}

/// A trusted chain and, where wanted, the node's name.
#[derive(Debug)]
struct ChainVerifier {
    chain: Arc<WebPkiServerVerifier>,
    trusted: Chain,
    checks_name: bool,
}

impl ServerCertVerifier for ChainVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self
            .chain
            .verify_server_cert(end_entity, intermediates, name, ocsp, now)
        {
            // The chain has been checked before the name.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_name => Ok(ServerCertVerified::assertion()),
            // A node whose own self-signed certificate is the one trusted, as OpenSSL takes it; its
            // dates have been checked before its being an authority's. No name can be checked then.
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(cause))))
                if !self.checks_name
                    && is_authority_as_node(&*cause)
                    && self.trusted.iter().any(|trusted| trusted == end_entity) =>
            {
                Ok(ServerCertVerified::assertion())
            }
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// webpki's CaUsedAsEndEntity, which rustls passes on as an error of another crate.
fn is_authority_as_node(cause: &(dyn std::error::Error + Send + Sync)) -> bool {
    cause.to_string().contains("CaUsedAsEndEntity")
}

/// Any certificate; what it signs is checked all the same.
#[derive(Debug)]
struct NoVerifier(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
