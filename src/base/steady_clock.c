#include "base/steady_clock.h"

/* Less is how clocks are kept right, and how long a turn may take. */
#define JUMP_NS ((int64_t)(60 * SECOND_NS))
#define FOLLOW_NS (24 * 3600 * SECOND_NS)

static bool is_far(int64_t ns)
{
	return ns >= JUMP_NS || ns <= -JUMP_NS;
}

int64_t steady_clock_now(struct steady_clock *c, uint64_t mono_ns, int64_t wall_ns,
			 int64_t *ret_set_ns)
{
	int64_t passed = (int64_t)(mono_ns - c->mono_ns);
	int64_t set = c->began ? wall_ns - c->wall_ns - passed : 0;

	if (is_far(set))
		c->follow_ns = mono_ns + FOLLOW_NS;
	c->steady_ns += passed;
	if (!c->began || !c->follow_ns || mono_ns >= c->follow_ns ||
	    !is_far(wall_ns - c->steady_ns)) {
		c->steady_ns = wall_ns;
		c->follow_ns = 0;
	}
	c->began = true;
	c->mono_ns = mono_ns;
	c->wall_ns = wall_ns;
	*ret_set_ns = is_far(set) ? set : 0;
	return c->steady_ns;
}
