#include "fleet/identity.hpp"

#include "base/file.hpp"
#include "base/time.hpp"
#include "fleet/openssl.hpp"

namespace yagura::fleet {

Result<KeyRequest> make_key_request(const std::string& host) {
  const auto key = TRY(make_key());
  const Request request(X509_REQ_new());
  X509_NAME* name = request ? X509_REQ_get_subject_name(request.get()) : nullptr;
  const std::string shown = host.substr(0, 64);  // X.520: ub-common-name
  if (name == nullptr || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(shown.data()), static_cast<int>(shown.size()), -1, 0) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return fail_openssl(ErrorKind::internal, "making a certificate request");
  KeyRequest out{private_pem(key.get()), written([&](BIO* to) { return PEM_write_bio_X509_REQ(to, request.get()); })};
  if (out.private_key_pem.empty() || out.request_pem.empty()) return fail_openssl(ErrorKind::internal, "writing a certificate request");
  return out;
}

Result<Identity> parse_identity(std::string_view pem) {
  const auto certificate = read_certificate(pem);
  if (!certificate) return fail(ErrorKind::corrupt, "there is no certificate");
  char id[128] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, id, sizeof id);
  Identity out{.agent_id = id, .serial = serial_hex(certificate.get())};
  out.made_ticks = ticks_of(X509_get0_notBefore(certificate.get())) + std::chrono::duration_cast<Ticks>(kCertificateBackdate).count();
  out.expires_ticks = ticks_of(X509_get0_notAfter(certificate.get()));
  if (out.agent_id.empty()) return fail(ErrorKind::corrupt, "the certificate names no agent");
  return out;
}

Result<Identity> read_identity(const std::filesystem::path& file) {
  return TRY(parse_identity(TRY(read_file(file, 256_KiB))), "reading {}", file.string());
}

Result<> write_identity(const std::filesystem::path& file, const std::string& certificate_pem, const std::string& private_key_pem) {
  const auto certificate = read_certificate(certificate_pem);
  const auto key = read_private_key(private_key_pem);
  if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::corrupt, "the server's answer holds a certificate that is not for the key that was sent");
  }
  return write_file_atomically(file, certificate_pem + private_key_pem, 0600);
}

}  // namespace yagura::fleet
