#include "codec/version.h"
#include "scan/vuln/namespace.h"
#include "scan/vuln/vulndb_build_priv.h"

/* Whether a claim's fix is a version that can be compared: one that is not will be left out, and answers nothing. */
static int is_usable_fix(const struct vulndb_builder *b, const struct build_claim *c, struct err *e)
{
	enum version_scheme scheme = namespace_find(b->strings[c->namespace])->scheme;
	OWNED_BUF key = BUF_INIT;
	int r;

	if (c->basis != CLAIM_STATED || c->state != FIX_FIXED || c->fixed == 0)
		return 0;
	r = version_key(scheme, b->strings[c->fixed], &key, NULL);
	if (r == -EBADMSG || r == -E2BIG)
		return 0;
	return r < 0 ? err_set(e, ENOMEM, "no memory for version keys") : 1;
}

struct verdict {
	bool is_known; /* something is said of the release itself */
	bool is_fixed; /* an advisory for it brings a fix */
};

static int judge(const struct vulndb_builder *b, const struct build_claim *claims, size_t count,
		 struct verdict *ret, struct err *e)
{
	struct verdict v = { 0 };

	for (size_t i = 0; i < count; i++) {
		int r = v.is_fixed ? 0 : is_usable_fix(b, &claims[i], e);

		if (r < 0)
			return r;
		v.is_fixed |= r > 0;
		v.is_known |= r > 0 ||
			      (claims[i].basis != CLAIM_PRESUMED && claims[i].state != FIX_FIXED);
	}
	*ret = v;
	return 0;
}

static bool gives_way(const struct build_claim *c, const struct verdict *v)
{
	return (c->basis == CLAIM_PRESUMED && v->is_known) ||
	       (c->basis == CLAIM_NOTED && v->is_fixed);
}

/* Keeps the claims on one flaw that stand; the severity of those that do not is the flaw's all the same. */
static size_t keep(struct vulndb_builder *b, size_t from, size_t end, size_t kept,
		   const struct verdict *v)
{
	size_t first = kept;
	uint8_t severity = SEVERITY_UNKNOWN;

	for (size_t i = from; i < end; i++)
		if (gives_way(&b->claims[i], v))
			severity = MAX(severity, b->claims[i].severity);
		else
			b->claims[kept++] = b->claims[i];
	for (size_t i = first; i < kept; i++)
		b->claims[i].severity = MAX(b->claims[i].severity, severity);
	return kept;
}

int vulndb_builder_yield(struct vulndb_builder *b, struct err *e)
{
	size_t kept = 0, end;

	for (size_t i = 0; i < b->claim_count; i = end) {
		struct verdict v = { 0 };
		bool yields = false;
		int r = 0;

		for (end = i; end < b->claim_count; end++) {
			if (!vulndb_same_flaw(&b->claims[i], &b->claims[end]))
				break;
			yields |= b->claims[end].basis != CLAIM_STATED;
		}
		if (yields)
			r = judge(b, &b->claims[i], end - i, &v, e);
		if (r < 0)
			return r;
		kept = keep(b, i, end, kept, &v);
	}
	b->claim_count = kept;
	return 0;
}
