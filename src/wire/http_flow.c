#include "wire/http_flow.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "wire/http_priv.h"

#define CONNECT_S 5
#define EVENTS 16

struct http_flow {
	struct http_flows *set;
	struct http_flow *next, *previous;
	CURL *curl;
	struct curl_slist *headers; /* or recipients */
	struct http_flow_request q;
	uint64_t bytes;
	int ended; /* what ended it on our side */
	bool is_unix;
	bool refused;    /* an address was out of reach */
	size_t uploaded; /* of a mail */
	char detail[CURL_ERROR_SIZE];
};

struct http_flows {
	CURLM *multi;
	int poll_fd, timer_fd;
	struct http_flow *flows;
};

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct http_flows *s = ctx;
	struct epoll_event v = { .data.fd = fd };

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		/* curl may have closed it already. */
		if (epoll_ctl(s->poll_fd, EPOLL_CTL_DEL, fd, NULL) < 0)
			return 0;
		return 0;
	}
	v.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(s->poll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &v) < 0 &&
	    epoll_ctl(s->poll_fd, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &v) < 0)
		return -1;
	curl_multi_assign(s->multi, fd, s);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_flows *s = ctx;
	struct itimerspec t = { 0 };

	(void)multi;
	if (ms >= 0) {
		t.it_value.tv_sec = ms / 1000;
		/* Nothing at all would disarm it. */
		t.it_value.tv_nsec = (ms % 1000) * 1000000 + (ms == 0);
	}
	return timerfd_settime(s->timer_fd, 0, &t, NULL) < 0 ? -1 : 0;
}

static bool set_up(struct http_flows *s)
{
	struct epoll_event v = { .events = EPOLLIN };

	s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->multi = curl_multi_init();
	if (s->poll_fd < 0 || s->timer_fd < 0 || !s->multi)
		return false;
	v.data.fd = s->timer_fd;
	return epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, s->timer_fd, &v) == 0 &&
	       curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
	       curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) == CURLM_OK &&
	       curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
	       curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s) == CURLM_OK;
}

int http_flows_new(struct http_flows **ret, struct err *e)
{
	struct http_flows *s;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ENOMEM, "the HTTP library does not start");
	s = calloc(1, sizeof(*s));
	if (!s) {
		curl_global_cleanup();
		return err_set(e, ENOMEM, "no memory for an HTTP client");
	}
	s->poll_fd = s->timer_fd = -1;
	if (!set_up(s)) {
		http_flows_free(s);
		return err_set(e, ENOMEM, "no memory for an HTTP client");
	}
	*ret = s;
	return 0;
}

void http_flows_free(struct http_flows *s)
{
	if (!s)
		return;
	for (struct http_flow *f = s->flows, *next; f; f = next) {
		next = f->next;
		http_flow_stop(f);
	}
	if (s->multi)
		curl_multi_cleanup(s->multi);
	fd_close(&s->timer_fd);
	fd_close(&s->poll_fd);
	free(s);
	curl_global_cleanup();
}

int http_flows_fd(const struct http_flows *s)
{
	return s->poll_fd;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_flow *f = ctx;
	long status = 0;

	n *= size;
	f->bytes += n;
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (f->q.max_body && f->bytes > f->q.max_body)
		f->ended = -E2BIG;
	else if (status / 100 == 2 && f->q.on_body)
		f->ended = f->q.on_body(f->q.ctx, (str){ bytes, n });
	else if (status >= 400 && f->q.on_refusal)
		f->ended = f->q.on_refusal(f->q.ctx, (str){ bytes, n });
	return f->ended ? 0 : n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_flow *f = ctx;
	str value = { bytes, size * n }, name = str_cut(&value, ':');

	if (value.n)
		f->q.on_header(f->q.ctx, str_trim(name), str_trim(value));
	return size * n;
}

static int result_of(const struct http_flow *f, CURLcode code)
{
	long os = 0;

	if (f->ended)
		return f->ended;
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return -EKEYREJECTED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(f->curl, CURLINFO_OS_ERRNO, &os);
		if (f->is_unix && (os == ENOENT || os == EACCES))
			return -(int)os;
		return f->refused ? -EPERM : -EHOSTUNREACH;
	case CURLE_COULDNT_RESOLVE_HOST:
		return -EHOSTUNREACH;
	default:
		return -EPROTO;
	}
}

static void end(struct http_flow *f, CURLcode code)
{
	void (*on_end)(void *ctx, int result, int status) = f->q.on_end;
	int result = result_of(f, code);
	void *ctx = f->q.ctx;
	long status = 0;
	curl_off_t pause_s = 0;

	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	/* A server that says no is no failure of the exchange. */
	if (f->q.mail && status >= 400 && result == -EPROTO)
		result = 0;
	if (f->q.ret_retry_after_s) {
		curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &pause_s);
		*f->q.ret_retry_after_s = (unsigned int)MAX(MIN(pause_s, 3600), 0);
	}
	http_flow_stop(f);
	on_end(ctx, result, (int)status);
}

void http_flows_work(struct http_flows *s)
{
	struct epoll_event events[EVENTS];
	int running, left, n = epoll_wait(s->poll_fd, events, EVENTS, 0);
	CURLMsg *m;

	for (int i = 0; i < n; i++) {
		int what = (events[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
			   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (events[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0);
		uint64_t expired;

		if (events[i].data.fd != s->timer_fd) {
			curl_multi_socket_action(s->multi, events[i].data.fd, what, &running);
			continue;
		}
		if (read(s->timer_fd, &expired, sizeof(expired)) < 0)
			continue;
		curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	while ((m = curl_multi_info_read(s->multi, &left))) {
		CURLcode code = m->data.result;
		char *flow = NULL;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &flow) != CURLE_OK)
			continue;
		end((struct http_flow *)(void *)flow, code);
	}
}

static bool prepare_post(struct http_flow *f)
{
	for (const char *const *h = f->q.headers; h && *h; h++) {
		struct curl_slist *more = curl_slist_append(f->headers, *h);

		if (!more)
			return false;
		f->headers = more;
	}
	if (f->headers && curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, f->headers) != CURLE_OK)
		return false;
	return f->q.body.n == 0 ||
	       (curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->q.body.n) ==
			CURLE_OK &&
		curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, f->q.body.p) == CURLE_OK);
}

static size_t give_body(char *room, size_t size, size_t n, void *ctx)
{
	struct http_flow *f = ctx;
	str rest = str_take(str_skip(f->q.body, f->uploaded), size * n);

	if (rest.n)
		memcpy(room, rest.p, rest.n);
	f->uploaded += rest.n;
	return rest.n;
}

static bool prepare_mail(struct http_flow *f)
{
	const struct http_mail *m = f->q.mail;
	CURL *c = f->curl;

	for (const char *const *to = m->to; *to; to++) {
		struct curl_slist *more = curl_slist_append(f->headers, *to);

		if (!more)
			return false;
		f->headers = more;
	}
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAIL_FROM, m->from) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAIL_RCPT, f->headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERNAME, m->user) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PASSWORD, m->password) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USE_SSL,
				m->start_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE) ==
		       CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)f->q.body.n) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READDATA, f) == CURLE_OK;
}

/* Names are judged by what they resolve to, at the moment they are connected to. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_flow *f = ctx;

	(void)purpose;
	if (!reach_allows(f->q.reach, &a->addr)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool prepare_reach(struct http_flow *f)
{
	return !f->q.reach ||
	       (curl_easy_setopt(f->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
		curl_easy_setopt(f->curl, CURLOPT_OPENSOCKETDATA, f) == CURLE_OK);
}

static bool prepare_more(struct http_flow *f, const struct http_options *o)
{
	CURL *c = f->curl;

	if (f->q.on_header && (curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
			       curl_easy_setopt(c, CURLOPT_HEADERDATA, f) != CURLE_OK))
		return false;
	return !o->max_redirects ||
	       (curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)o->max_redirects) == CURLE_OK);
}

static bool prepare(struct http_flow *f, const struct http_options *o)
{
	CURL *c = f->curl;
	long connect_s = f->q.connect_s ? (long)f->q.connect_s : CONNECT_S;

	return http_apply_options(c, o, f->detail) &&
	       (f->q.mail ? prepare_mail(f) : prepare_post(f)) && prepare_reach(f) &&
	       prepare_more(f, o) && curl_easy_setopt(c, CURLOPT_URL, f->q.url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PRIVATE, f) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_s) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)f->q.total_s) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK;
}

int http_flow_start(struct http_flows *s, const struct http_options *o,
		    const struct http_flow_request *q, struct http_flow **ret, struct err *e)
{
	struct http_flow *f = calloc(1, sizeof(*f));

	if (!f)
		return err_set(e, ENOMEM, "no memory for a request");
	f->set = s;
	f->q = *q;
	f->is_unix = o->unix_socket;
	f->curl = curl_easy_init();
	if (!f->curl || !prepare(f, o) || curl_multi_add_handle(s->multi, f->curl) != CURLM_OK) {
		curl_easy_cleanup(f->curl);
		curl_slist_free_all(f->headers);
		free(f);
		return err_set(e, ENOMEM, "no memory for a request");
	}
	f->next = s->flows;
	if (s->flows)
		s->flows->previous = f;
	s->flows = f;
	*ret = f;
	return 0;
}

void http_flow_stop(struct http_flow *f)
{
	if (!f)
		return;
	if (f->previous)
		f->previous->next = f->next;
	else
		f->set->flows = f->next;
	if (f->next)
		f->next->previous = f->previous;
	curl_multi_remove_handle(f->set->multi, f->curl);
	curl_easy_cleanup(f->curl);
	curl_slist_free_all(f->headers);
	free(f);
}

const char *http_flow_failure(int result)
{
	switch (result) {
	case -EHOSTUNREACH:
		return "it cannot be reached";
	case -ETIMEDOUT:
		return "it does not answer";
	case -EPERM:
		return "it is at an address that may not be spoken to";
	case -EKEYREJECTED:
		return "its certificate is not trusted";
	case -EPROTO:
		return "TLS or HTTP failed";
	case -E2BIG:
		return "its answer is too long";
	default:
		return strerror(-result);
	}
}
