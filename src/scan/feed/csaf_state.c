#include "scan/feed/csaf_state.h"

enum fix_state csaf_state_of(str category, str details)
{
	if (str_is(category, "vendor_fix"))
		return FIX_FIXED;
	if (str_is(category, "no_fix_planned"))
		return str_is(details, "Out of support scope") ? FIX_END_OF_LIFE : FIX_WILL_NOT_FIX;
	if (str_is(category, "none_available"))
		return str_is(details, "Fix deferred") ? FIX_DEFERRED : FIX_AFFECTED;
	return FIX_STATE_COUNT;
}
