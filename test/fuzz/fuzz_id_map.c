/* A number a namespace has lies in one of its ranges, and as far from that one's beginning inside as outside. */
#include "fuzz.h"

#include "asset/id_map.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	uint32_t outside = (uint32_t)input_byte(&in) << 8 | input_byte(&in), inside;
	struct id_map m;

	if (id_map_parse(in.rest, &m, NULL) < 0)
		return 0;
	assert(m.count > 0 && m.count <= ID_MAP_MAX);
	if (id_map_inside(&m, outside, &inside)) {
		bool found = false;

		for (uint32_t i = 0; i < m.count; i++)
			found |= outside - m.ranges[i].outside < m.ranges[i].count &&
				 inside - m.ranges[i].inside == outside - m.ranges[i].outside;
		assert(found);
	}
	return 0;
}
