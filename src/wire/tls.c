#include "wire/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "wire/tls_priv.h"

struct tls_context {
	SSL_CTX *ctx;
};

static int load(SSL_CTX *ctx, const struct tls_options *o, struct err *e)
{
	const char *key = o->client_key ? o->client_key : o->client_cert;

	if (o->ca_file ? SSL_CTX_load_verify_file(ctx, o->ca_file) != 1
		       : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return err_set(e, EINVAL, "cannot use the authorities in '%s'",
			       o->ca_file ? o->ca_file : "");
	if (!o->client_cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, o->client_cert) != 1)
		return err_set(e, EINVAL, "cannot use the certificate in '%s'", o->client_cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return err_set(e, EINVAL, "cannot use the key in '%s'", key);
	return 0;
}

int tls_context_new(const struct tls_options *o, struct tls_context **ret, struct err *e)
{
	struct tls_context *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(e, ENOMEM, "no memory for TLS");
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (!c->ctx || SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION) != 1) {
		tls_context_free(c);
		return err_set(e, ENOMEM, "no memory for TLS");
	}
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	/* A buffer may have moved when a write is taken up again; its bytes have not. */
	SSL_CTX_set_mode(c->ctx,
			 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
	r = load(c->ctx, o, e);
	if (r < 0) {
		tls_context_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

int tls_new(struct tls_context *c, int fd, const char *host, struct tls **ret, struct err *e)
{
	struct tls *t = calloc(1, sizeof(*t));
	struct in6_addr address;
	bool ok;

	if (!t)
		return err_set(e, ENOMEM, "no memory for TLS");
	t->ssl = SSL_new(c->ctx);
	ok = t->ssl && SSL_set_fd(t->ssl, fd) == 1;
	if (ok &&
	    (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1))
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host) == 1;
	else if (ok)
		ok = SSL_set1_host(t->ssl, host) == 1 &&
		     SSL_ctrl(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			      (void *)(uintptr_t)host) == 1;
	if (!ok) {
		tls_free(t);
		return err_set(e, ENOMEM, "no memory for TLS");
	}
	SSL_set_connect_state(t->ssl);
	*ret = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->ssl && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}

static int failure(struct tls *t, int result, struct err *e)
{
	int what = SSL_get_error(t->ssl, result);
	long verified = SSL_get_verify_result(t->ssl);
	char text[160] = "the peer ended the connection";
	unsigned long code;

	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
		t->events = what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return -EAGAIN;
	}
	code = ERR_peek_last_error();
	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	if (verified != X509_V_OK)
		return err_set(e, EACCES, "TLS: certificate: %s",
			       X509_verify_cert_error_string(verified));
	return err_set(e, EPROTO, "TLS: %s", text);
}

int tls_handshake(struct tls *t, struct err *e)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	return r == 1 ? 0 : failure(t, r, e);
}

ssize_t tls_write(struct tls *t, str bytes, struct err *e)
{
	size_t n = 0;

	ERR_clear_error();
	if (SSL_write_ex(t->ssl, bytes.p, bytes.n, &n) != 1)
		return failure(t, 0, e);
	return (ssize_t)n;
}

ssize_t tls_read(struct tls *t, char *room, size_t n, struct err *e)
{
	size_t got = 0;

	ERR_clear_error();
	if (SSL_read_ex(t->ssl, room, n, &got) == 1)
		return (ssize_t)got;
	if (SSL_get_error(t->ssl, 0) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failure(t, 0, e);
}

short tls_events(const struct tls *t)
{
	return t->events;
}
