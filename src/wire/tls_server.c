#include "wire/tls_server.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "wire/tls_priv.h"

/* What TLS 1.2 may use; 1.3 has nothing that is not good. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls_server {
	SSL_CTX *ctx;
};

static int no_memory(struct err *e)
{
	ERR_clear_error();
	return err_set(e, ENOMEM, "no memory for TLS");
}

static int no_password(char *room, int n, int writing, void *ctx)
{
	(void)room, (void)n, (void)writing, (void)ctx;
	return -1;
}

/** The next certificate; NULL at the end, which leaves an error behind that means nothing. */
static X509 *next_certificate(BIO *b)
{
	X509 *x = PEM_read_bio_X509(b, NULL, no_password, NULL);

	ERR_clear_error();
	return x;
}

static int use_certificate(SSL_CTX *ctx, str pem, struct err *e)
{
	BIO *b = BIO_new_mem_buf(pem.n ? pem.p : "", (int)MIN(pem.n, (size_t)INT32_MAX));
	X509 *x = b ? next_certificate(b) : NULL;
	bool ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = next_certificate(b))) {
		ok = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	return ok ? 0 : err_set(e, EINVAL, "this is no certificate in PEM");
}

static int use_key(SSL_CTX *ctx, str pem, struct err *e)
{
	BIO *b = BIO_new_mem_buf(pem.n ? pem.p : "", (int)MIN(pem.n, (size_t)INT32_MAX));
	EVP_PKEY *k = b ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;
	bool read = k != NULL,
	     ok = k && SSL_CTX_use_PrivateKey(ctx, k) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(k);
	BIO_free(b);
	ERR_clear_error();
	if (!read)
		return err_set(e, EINVAL, "this is no private key in PEM without a password");
	return ok ? 0 : err_set(e, EINVAL, "the key is not the certificate's");
}

static int use_authorities(SSL_CTX *ctx, str pem, struct err *e)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *b;
	X509 *x;
	size_t count = 0;
	bool ok;

	if (!pem.n)
		return 0;
	b = BIO_new_mem_buf(pem.p, (int)MIN(pem.n, (size_t)INT32_MAX));
	ok = b;
	while (ok && (x = next_certificate(b))) {
		/* The names tell browsers that none of their certificates is wanted here. */
		ok = X509_STORE_add_cert(store, x) == 1 && SSL_CTX_add_client_CA(ctx, x) == 1;
		X509_free(x);
		count++;
	}
	BIO_free(b);
	ERR_clear_error();
	if (!ok || !count)
		return err_set(e, EINVAL, "these are no authorities' certificates in PEM");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
			   const unsigned char *offered, unsigned int n, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl, (void)ctx;
	if (SSL_select_next_proto(&chosen, ret_n, ours, sizeof(ours) - 1, offered, n) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool set_up(SSL_CTX *ctx)
{
	static const unsigned char id[] = "skep";

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Thousands of connections that say nothing most of the time: none keeps 34 KiB for it. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 && SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

static int make(const struct tls_server_options *o, SSL_CTX **ret, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int r = ctx && set_up(ctx) ? 0 : no_memory(e);

	if (r == 0)
		r = use_certificate(ctx, o->certificate, e);
	if (r == 0)
		r = use_key(ctx, o->key, e);
	if (r == 0)
		r = use_authorities(ctx, o->client_authorities, e);
	if (r < 0) {
		SSL_CTX_free(ctx);
		return r;
	}
	*ret = ctx;
	return 0;
}

int tls_server_new(const struct tls_server_options *o, struct tls_server **ret, struct err *e)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	int r = s ? make(o, &s->ctx, e) : no_memory(e);

	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->ctx);
	free(s);
}

int tls_server_reload(struct tls_server *s, const struct tls_server_options *o, struct err *e)
{
	SSL_CTX *ctx;
	int r = make(o, &ctx, e);

	if (r < 0)
		return r;
	/* Connections hold the old one as long as they live. */
	SSL_CTX_free(s->ctx);
	s->ctx = ctx;
	return 0;
}

int tls_server_accept(struct tls_server *s, int fd, struct tls **ret, struct err *e)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t)
		t->ssl = SSL_new(s->ctx);
	if (!t || !t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
		tls_free(t);
		return no_memory(e);
	}
	SSL_set_accept_state(t->ssl);
	*ret = t;
	return 0;
}

void tls_server_client(const struct tls *t, struct tls_client *ret)
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	struct certificate *c = NULL;
	struct certificate_facts f;
	unsigned char *der = NULL;
	int n;

	memset(ret, 0, sizeof(*ret));
	if (!x || SSL_get_verify_result(t->ssl) != X509_V_OK)
		return;
	n = i2d_X509(x, &der);
	if (n > 0 && certificate_parse_der((str){ (char *)der, (size_t)n }, &c, NULL) == 0) {
		certificate_read(c, &f);
		memcpy(ret->subject, f.subject, sizeof(ret->subject));
		memcpy(ret->serial, f.serial, sizeof(ret->serial));
		ret->to_s = f.to_s;
		certificate_free(c);
	}
	OPENSSL_free(der);
}
