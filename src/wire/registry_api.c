#include "wire/registry_api.h"

#include <stdio.h>

#include "codec/base64.h"
#include "wire/registry_priv.h"
#include "wire/url.h"

/* Harbor's and GitLab's most. */
enum { PAGE_NAMES = 100 };

#define QUAY_TOKEN_USER "$oauthtoken"

bool registry_api_takes(enum registry_api api, str user)
{
	return api != REGISTRY_API_NONE &&
	       (api != REGISTRY_API_QUAY || user.n == 0 || str_is(user, QUAY_TOKEN_USER));
}

bool registry_api_lists_projects(enum registry_api api)
{
	return api == REGISTRY_API_HARBOR || api == REGISTRY_API_GITLAB;
}

/* ---- Requests ---- */

/** "https://gitlab.example", or a folder of it: the API is where tokens are made, which is not where images are. */
static int add_gitlab(const struct registry *g, struct buf *url, struct err *e)
{
	const str tokens = S("/jwt/auth");
	struct url u;

	if (g->realm.n == 0) {
		buf_add(url, buf_str(&g->base));
		return 0;
	}
	if (!url_split(buf_str(&g->realm), &u))
		return err_set(e, EPROTO, "the registry names a token service that is no URL");
	if (!str_eq_nocase(u.scheme, S("https")) && !g->insecure &&
	    str_starts(buf_str(&g->base), S("https://")))
		return err_set(e, EACCES,
			       "the registry wants the credentials sent over plain http: refused");
	buf_printf(url, "%.*s://%s%.*s%s", STR_ARG(u.scheme),
		   str_find(u.host, ':') < u.host.n ? "[" : "", STR_ARG(u.host),
		   str_find(u.host, ':') < u.host.n ? "]" : "");
	if (u.port.n)
		buf_printf(url, ":%.*s", STR_ARG(u.port));
	if (str_ends(u.path, tokens))
		buf_add(url, str_take(u.path, u.path.n - tokens.n));
	return 0;
}

static void add_harbor_query(struct buf *url, str project)
{
	buf_add(url, S("/api/v2.0/projects"));
	if (project.n) {
		buf_byte(url, '/');
		url_escape(url, project);
		buf_add(url, S("/repositories"));
	}
	buf_printf(url, "?page_size=%d%s&page=", PAGE_NAMES, project.n ? "" : "&with_detail=false");
}

static void add_gitlab_query(struct buf *url, str project, bool is_group)
{
	buf_add(url, is_group ? S("/api/v4/groups") : S("/api/v4/projects"));
	if (project.n) {
		buf_byte(url, '/');
		url_escape(url, project);
		buf_add(url, S("/registry/repositories"));
	}
	buf_printf(url, "?per_page=%d%s&page=", PAGE_NAMES,
		   project.n ? "" : "&membership=true&order_by=id&sort=asc");
}

static void add_quay_query(struct buf *url, str project)
{
	buf_add(url, S("/api/v1/repository?public=true&namespace="));
	url_escape(url, project);
}

static bool is_clean(str token)
{
	for (size_t i = 0; i < token.n; i++)
		if ((unsigned char)token.p[i] <= ' ' || token.p[i] == 0x7f)
			return false;
	return true;
}

static int add_authorization(const struct registry *g, enum registry_api api, struct buf *out,
			     struct err *e)
{
	const struct docker_credential *c = &g->credential;
	OWNED_BUF plain = BUF_INIT;

	if (c->password.n == 0)
		return 0;
	if (api != REGISTRY_API_HARBOR) {
		if (!is_clean(c->password))
			return err_set(e, EACCES, "the token holds blanks or line ends");
		buf_printf(out, "Authorization: Bearer %.*s", STR_ARG(c->password));
		return 0;
	}
	buf_printf(&plain, "%.*s:%.*s", STR_ARG(c->user), STR_ARG(c->password));
	buf_add(out, S("Authorization: Basic "));
	base64_encode(out, buf_str(&plain));
	if (plain.p)
		explicit_bzero(plain.p, plain.n);
	return buf_error(&plain) ? err_set(e, ENOMEM, "no memory for a request") : 0;
}

static int ask(struct registry *g, enum registry_api api, const char *url,
	       struct http_response *ret, struct err *e)
{
	OWNED_BUF authorization = BUF_INIT;
	const char *headers[3] = { "Accept: application/json" };
	struct http_request q = { .url = url,
				  .headers = headers,
				  .max_body = REGISTRY_DOCUMENT_MAX };
	int r;

	r = add_authorization(g, api, &authorization, e);
	if (r == 0 && buf_error(&authorization))
		r = err_set(e, ENOMEM, "no memory for a request");
	if (authorization.n)
		headers[1] = buf_cstr(&authorization);
	r = r < 0 ? r : registry_ask(g, &q, "the list of repositories", ret, e);
	if (r == 0 && ret->status / 100 != 2) {
		r = registry_status_error(g, ret, "the list of repositories", e);
		http_response_done(ret);
	}
	if (authorization.p)
		explicit_bzero(authorization.p, authorization.n);
	return r;
}

/* ---- Answers ---- */

static enum registry_listing listing_of(enum registry_api api, str project)
{
	switch (api) {
	case REGISTRY_API_HARBOR:
		return project.n ? REGISTRY_HARBOR_REPOSITORIES : REGISTRY_HARBOR_PROJECTS;
	case REGISTRY_API_GITLAB:
		return project.n ? REGISTRY_GITLAB_REPOSITORIES : REGISTRY_GITLAB_PROJECTS;
	case REGISTRY_API_QUAY:
	case REGISTRY_API_NONE:
		break;
	}
	return REGISTRY_QUAY_REPOSITORIES;
}

/** Pages are numbered; a full one is followed by another, also where a proxy took the link to it away. */
static str next_number(const struct registry_list *l, const struct http_response *r, str page,
		       struct arena *a)
{
	uint64_t number = 1;
	str link;

	if (page.n && str_u64(page, &number) < 0)
		return (str){ 0 };
	if (l->count + l->skipped < PAGE_NAMES &&
	    registry_list_next(http_header(r, "link"), &link, NULL) == 0 && !link.n)
		return S("");
	return arena_printf(a, "%llu", (unsigned long long)number + 1);
}

/** @param group of GitLab: what is asked is a group, not a project */
static int list_page(struct registry *g, enum registry_api api, str project, bool group, str page,
		     struct arena *a, struct registry_list *ret, str *ret_next, struct err *e)
{
	OWNED_BUF url = BUF_INIT;
	struct http_response r;
	struct registry_list l = { 0 };
	str next;
	int result = 0;

	if (api == REGISTRY_API_GITLAB)
		result = add_gitlab(g, &url, e);
	else
		buf_add(&url, buf_str(&g->base));
	if (api == REGISTRY_API_HARBOR)
		add_harbor_query(&url, project);
	else if (api == REGISTRY_API_GITLAB)
		add_gitlab_query(&url, project, group);
	else
		add_quay_query(&url, project);
	if (api != REGISTRY_API_QUAY)
		buf_add(&url, page.n ? page : S("1"));
	else if (page.n)
		buf_printf(&url, "&next_page=%.*s", STR_ARG(page));
	if (result == 0 && buf_error(&url))
		result = err_set(e, ENOMEM, "no memory for a request");
	result = result < 0 ? result : ask(g, api, buf_cstr(&url), &r, e);
	if (result < 0)
		return result;
	result = registry_list_parse(buf_str(&r.body), listing_of(api, project), a, &l, e);
	next = result < 0                 ? S("")
	       : api == REGISTRY_API_QUAY ? arena_str(a, l.next)
					  : next_number(&l, &r, page, a);
	http_response_done(&r);
	return registry_page_end(g, result, &l, next, ret, ret_next, e);
}

int registry_api_list(struct registry *g, enum registry_api api, str project, str page,
		      struct arena *a, struct registry_list *ret, str *ret_next, struct err *e)
{
	const bool may_be_group = api == REGISTRY_API_GITLAB && project.n;
	int r = list_page(g, api, project, may_be_group, page, a, ret, ret_next, e);

	return r == -ENOENT && may_be_group
		       ? list_page(g, api, project, false, page, a, ret, ret_next, e)
		       : r;
}
