#include "base/steady_clock.h"

/* Less is how clocks are kept right, and how long a turn may take. */
#define JUMP_NS ((int64_t)(60 * SECOND_NS))
#define FOLLOW_NS (24 * 3600 * SECOND_NS)
#define CONFIRM_NS (3600 * SECOND_NS)
#define OFF_NS (2 * 24 * 3600 * (int64_t)SECOND_NS)

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

bool steady_clock_is_doubtful(int64_t wall_ns, int64_t known_ns)
{
	return wall_ns - known_ns > OFF_NS;
}

bool steady_clock_resume(struct steady_clock *c, int64_t known_ns)
{
	if (!steady_clock_is_doubtful(c->wall_ns, known_ns))
		return false;
	c->steady_ns = MIN(c->steady_ns, known_ns);
	c->follow_ns = MAX(c->follow_ns, c->mono_ns + CONFIRM_NS);
	return true;
}
