#include "net/tls_words.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/num.h"

static void put_ip(const ASN1_OCTET_STRING *ip, struct buf *out)
{
    char text[INET6_ADDRSTRLEN] = "";
    int len = ASN1_STRING_length(ip);
    if (inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof text) &&
        (len == 4 || len == 16))
        buf_text(out, text);
}

static void put_common_name(const X509_NAME *name, struct buf *out)
{
    char text[128] = "";
    if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, text,
                                  sizeof text) <= 0)
        X509_NAME_oneline(name, text, sizeof text);
    buf_text(out, text);
}

/* "a.example, b.example": whom the certificate is for. */
static void put_names(X509 *cert, struct buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int n = names ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < n && out->len < out->cap / 2; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type != GEN_DNS && one->type != GEN_IPADD)
            continue;
        buf_text(out, out->len ? ", " : "");
        if (one->type == GEN_IPADD)
            put_ip(one->d.iPAddress, out);
        else
            buf_printf(out, "%.*s", ASN1_STRING_length(one->d.dNSName),
                       (const char *)ASN1_STRING_get0_data(one->d.dNSName));
    }
    GENERAL_NAMES_free(names);
    if (!out->len)
        put_common_name(X509_get_subject_name(cert), out);
}

static void put_date(const ASN1_TIME *time, struct buf *out)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm))
        buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static enum err certificate_words(X509 *cert, long code, const char *name, struct fault *why)
{
    char text[200];
    struct buf detail = BUF_ON(text);
    const char *what = X509_verify_cert_error_string(code);
    switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        if (cert)
            put_names(cert, &detail);
        return fault_set(why, ERR_AUTH, "", 0, "its certificate is for %s, not for %s",
                         buf_cstr(&detail), name);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (cert)
            put_date(X509_get0_notAfter(cert), &detail);
        return fault_set(why, ERR_AUTH, "", 0, "its certificate expired on %s", buf_cstr(&detail));
    case X509_V_ERR_CERT_NOT_YET_VALID:
        if (cert)
            put_date(X509_get0_notBefore(cert), &detail);
        return fault_set(why, ERR_AUTH, "", 0,
                         "its certificate is not valid before %s; is this machine's clock right?",
                         buf_cstr(&detail));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return fault_set(why, ERR_AUTH, "", 0,
                         "its certificate is self-signed and not trusted here; trust it by a CA "
                         "file with that certificate");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        if (cert)
            put_common_name(X509_get_issuer_name(cert), &detail);
        return fault_set(why, ERR_AUTH, "", 0,
                         "its certificate was issued by '%s', which is not trusted here; name a CA "
                         "file that has it (or the server does not send its whole chain)",
                         buf_cstr(&detail));
    default:
        return fault_set(why, ERR_AUTH, "", 0, "its certificate is not valid: %s", what);
    }
}

/* What people meet, in other words than OpenSSL's. */
static const struct {
    int reason;
    enum err err;
    const char *text;
} reasons[] = {
    { SSL_R_WRONG_VERSION_NUMBER, ERR_PARSE, "it does not speak TLS on this port" },
    { SSL_R_PACKET_LENGTH_TOO_LONG, ERR_PARSE, "it does not speak TLS on this port" },
    { SSL_R_HTTP_REQUEST, ERR_PARSE, "it sent HTTP, not TLS" },
    { SSL_R_UNSUPPORTED_PROTOCOL, ERR_REFUSED, "it has no TLS 1.2 or newer" },
    { SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, ERR_REFUSED, "it has no TLS version of ours (1.2, 1.3)" },
    { SSL_R_NO_SHARED_CIPHER, ERR_REFUSED, "no cipher in common" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, ERR_REFUSED,
      "it refused the handshake: no cipher in common, or it wants a certificate of ours" },
    { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, ERR_REFUSED, "it wants a certificate of ours" },
    { SSL_R_TLSV1_ALERT_UNKNOWN_CA, ERR_REFUSED, "it does not trust our certificate's issuer" },
    { SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, ERR_REFUSED, "it does not take our certificate" },
    { SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, ERR_REFUSED, "it does not take our certificate" },
    { SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, ERR_REFUSED, "our certificate has expired" },
    { SSL_R_TLSV1_UNRECOGNIZED_NAME, ERR_REFUSED, "it does not know the name that we asked for" },
};

enum err tls_words(const SSL *ssl, X509 *bad, const char *name, struct fault *why)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);
    long verified = SSL_get_verify_result(ssl);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
        return certificate_words(bad, verified, name, why);
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (code && reasons[i].reason == reason)
            return fault_set(why, reasons[i].err, "", 0, "%s", reasons[i].text);
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    /* OpenSSL numbers the alerts that were received from 1000 up */
    enum err err = reason >= SSL_AD_REASON_OFFSET ? ERR_REFUSED : ERR_PARSE;
    return fault_set(why, err, "", 0, "TLS failed: %s", text ? text : "the stream broke off");
}
