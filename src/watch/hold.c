#include "watch/hold.h"

#include "watch/event_copy.h"

int hold_init(struct hold *h, uint32_t max_events, uint32_t bytes, struct err *e)
{
	struct hold_slot *slots = calloc(max_events, sizeof(*slots));
	struct text_pool text;
	int r;

	if (!slots)
		return err_set(e, ENOMEM, "watch: no memory for %u held events", max_events);
	r = text_pool_init(&text, bytes, max_events, e);
	if (r < 0) {
		free(slots);
		return r;
	}
	memset(h, 0, sizeof(*h));
	h->text = text;
	h->slots = slots;
	h->cap = max_events;
	h->lent.text = TEXT_POOL_NONE;
	return 0;
}

void hold_done(struct hold *h)
{
	text_pool_done(&h->text);
	free(h->slots);
	*h = (struct hold){ 0 };
}

static uint32_t bucket_of(uint64_t group)
{
	return (uint32_t)(group * 0x9e3779b97f4a7c15u >> 32) % HOLD_GROUPS;
}

static struct hold_slot *slot_at(const struct hold *h, uint32_t i)
{
	return &h->slots[(h->first + i) % h->cap];
}

static void take_back(struct hold *h)
{
	if (h->lent.text != TEXT_POOL_NONE)
		text_pool_remove(&h->text, h->lent.text);
	h->lent.text = TEXT_POOL_NONE;
}

static void append(struct hold *h, struct hold_slot s)
{
	*slot_at(h, h->used++) = s;
	h->waiting++;
	h->groups[bucket_of(s.group)]++;
}

bool hold_add(struct hold *h, uint64_t group, const struct event *v, uint64_t now_ns, uint32_t note)
{
	uint32_t text;
	char *to;

	take_back(h);
	if (h->used == h->cap)
		return false;
	text = text_pool_add(&h->text, event_copy_bytes(v), &to);
	if (text == TEXT_POOL_NONE)
		return false;
	event_copy_write(v, to);
	append(h, (struct hold_slot){ group, now_ns, note, text });
	return true;
}

bool hold_again(struct hold *h, uint64_t group, uint64_t now_ns)
{
	assert(h->lent.text != TEXT_POOL_NONE);
	if (h->used == h->cap)
		return false;
	append(h, (struct hold_slot){ group, now_ns, h->lent.note, h->lent.text });
	h->lent.text = TEXT_POOL_NONE;
	return true;
}

bool hold_has(const struct hold *h, uint64_t group)
{
	return h->waiting && h->groups[bucket_of(group)];
}

bool hold_oldest(const struct hold *h, uint64_t *ret_group, uint64_t *ret_since_ns)
{
	if (!h->waiting)
		return false;
	/* Taken slots at the front are dropped at once, so the first one waits. */
	*ret_group = slot_at(h, 0)->group;
	*ret_since_ns = slot_at(h, 0)->since_ns;
	return true;
}

bool hold_take(struct hold *h, uint64_t group, struct event *ret, struct event_exec *x,
	       uint32_t *ret_note)
{
	struct hold_slot *s = NULL;

	take_back(h);
	for (uint32_t i = 0; i < h->used; i++) {
		s = slot_at(h, i);
		if (s->text != TEXT_POOL_NONE && s->group == group)
			break;
		s = NULL;
	}
	if (!s)
		return false;
	event_copy_read(text_pool_at(&h->text, s->text), ret, x);
	h->lent = *s;
	s->text = TEXT_POOL_NONE;
	if (ret_note)
		*ret_note = s->note;
	h->waiting--;
	h->groups[bucket_of(group)]--;
	while (h->used && slot_at(h, 0)->text == TEXT_POOL_NONE) {
		h->first = (h->first + 1) % h->cap;
		h->used--;
	}
	return true;
}

uint64_t hold_group(const struct hold *h, uint32_t i)
{
	const struct hold_slot *s = slot_at(h, i);

	return s->text == TEXT_POOL_NONE ? 0 : s->group;
}
