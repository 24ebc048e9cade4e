#include "prog/agent/engine_base.h"

#include <stdio.h>

#include "codec/json.h"
#include "wire/http.h"

#define LIST_MAX ((uint64_t)16 << 20)
enum { IMAGES_MAX = 200, URL_BYTES = 160 };

static bool get(struct http_client *c, const char *path, struct arena *a, struct value *ret)
{
	char url[URL_BYTES];
	struct http_request q = { .url = url, .max_body = LIST_MAX };
	struct http_response r = { 0 };
	bool ok;

	snprintf(url, sizeof(url), "http://localhost%s", path);
	ok = http_exchange(c, &q, &r, NULL) == 0 && r.status == 200 &&
	     json_parse(buf_str(&r.body), a, ret, NULL) == 0;
	http_response_done(&r);
	return ok;
}

/** How many of the image's layers are all the layers of this other one, from the lowest; 0: not all, or all of ours. */
static size_t shared(const struct inventory *v, const struct value *layers)
{
	if (!layers || layers->kind != VALUE_ARRAY || layers->count >= v->layer_count)
		return 0;
	for (size_t i = 0; i < layers->count; i++)
		if (!str_eq(value_str(value_at(layers, i)), v->layers[i].diff_id))
			return 0;
	return layers->count;
}

size_t engine_base_layers(void *engine, const struct inventory *v)
{
	struct http_options o = { .unix_socket = engine };
	struct http_client *c;
	size_t most = 0, asked = 0;
	struct value list;
	struct arena a;

	if (http_client_new(&o, &c, NULL) < 0)
		return most;
	arena_init(&a, (size_t)64 << 20);
	if (get(c, "/images/json", &a, &list))
		VALUE_EACH (i, &list) {
			char path[URL_BYTES - 32];
			struct value one;
			struct arena b;

			if (++asked > IMAGES_MAX)
				break;
			snprintf(path, sizeof(path), "/images/%.*s/json",
				 STR_ARG(str_take(value_get_str(i, "Id"), 80)));
			arena_init(&b, (size_t)8 << 20);
			if (get(c, path, &b, &one))
				most = MAX(most, shared(v, value_path(&one, "RootFS.Layers")));
			arena_done(&b);
		}
	arena_done(&a);
	http_client_free(c);
	return most;
}
