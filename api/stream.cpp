#include "api/stream.h"

#include <fmt/core.h>

namespace tenure::http {
namespace {

namespace ssl = boost::asio::ssl;

// RFC 7301: of what the client offers, the one protocol that is spoken here.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  static constexpr std::string_view http_1_1 = "\x08http/1.1";
  unsigned char* found = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(http_1_1.data());
  const auto result =
      SSL_select_next_proto(&found, chosen_bytes, ours, http_1_1.size(), offered, offered_bytes);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::expected<std::unique_ptr<ssl::context>, std::string> server_identity(
    const std::filesystem::path& certificate, const std::filesystem::path& key) {
  if (certificate.empty() || key.empty())
    return std::unexpected("--tls-cert and --tls-key go together: give both or neither");
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION |
                       SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), &choose_protocol, nullptr);
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate.string(), error);
  if (error) {
    return std::unexpected(
        fmt::format("--tls-cert {}: {}; it takes a PEM file with the certificate and its chain",
                    certificate.string(), error.message()));
  }
  context->use_private_key_file(key.string(), ssl::context::pem, error);
  if (error) {
    return std::unexpected(fmt::format(
        "--tls-key {}: {}; it takes a PEM file with the private key of --tls-cert, without a passphrase",
        key.string(), error.message()));
  }
  return context;
}

}  // namespace tenure::http
