/** @file
 * How much there is to fear of a container, 0 to 100, as a sum of factors that each say why.
 *
 * Nothing is weighed in secret: each factor has the most it can give, what it gives, the count behind it and a sentence. What is
 * not known (an image that was not scanned) is a factor of its own, never nothing.
 */
#ifndef SKEP_CONSOLE_API_RISK_H
#define SKEP_CONSOLE_API_RISK_H

#include "console/api/call.h"
#include "console/store/assets.h"
#include "console/store/findings.h"

/** X(ID, "name", most points) */
#define RISK_FACTORS(X) \
	X(VULNERABILITIES, "vulnerabilities", 25) \
	X(EXPLOITED, "exploited", 25) \
	X(PRIVILEGE, "privilege", 20) \
	X(EXPOSURE, "exposure", 10) \
	X(ALERTS, "alerts", 15) \
	X(COVERAGE, "coverage", 5)

enum risk_factor {
#define RISK_FACTOR_ENUM(id, name, most) RISK_##id,
	RISK_FACTORS(RISK_FACTOR_ENUM)
#undef RISK_FACTOR_ENUM
		RISK_FACTOR_COUNT
};

/** What the score of one container is made from. */
struct risk_facts {
	bool scanned;
	bool unjudged; /**< the database has no advisories for some of what its image holds */
	int64_t counts[SEVERITY_COUNT]; /**< vulnerabilities of its image that nobody accepted */
	int64_t kev;                    /**< of those, known to be exploited */
	double exploit; /**< probability that one of the others is exploited within 30 days, by EPSS; negative: not known */
	bool known; /**< the next seven are known */
	bool privileged, host_pid, host_network, root;
	int64_t root_user; /**< as whom its root acts on the host; negative: not known, weighed as the host's root */
	bool engine_socket; /**< an engine's socket is mounted into it */
	bool host_files;  /**< the host's root, or a folder its programs and accounts live in, is */
	bool administers; /**< it has CAP_SYS_ADMIN */
	int64_t ports;    /**< on which something in it listens for others than its own host */
	int64_t alerts;   /**< open alerts of a day, error and worse */
};

struct risk_part {
	double points;
	double value; /**< what was counted */
	str why, why_zh;
};

struct risk {
	double score;
	struct risk_part parts[RISK_FACTOR_COUNT];
};

/** Pure. @param a  owns the sentences @return 0, -ENOBUFS */
MUST_CHECK int risk_reckon(const struct risk_facts *f, struct arena *a, struct risk *ret);
/** Makes each part's points, and the score of their sum, the numbers with one decimal they are shown as. */
void risk_add_up(struct risk *r);
/** "good", "fair", "poor", "critical". @param score  as it is shown */
const char *risk_band(double score);
/** A Risk. */
void risk_put(const struct risk *r, struct json_out *j);
/** "factors" alone, the heaviest first, those without points left out. */
void risk_put_factors(const struct risk *r, struct json_out *j);

/**
 * Finds out about a container, with its document.
 *
 * @param alerts  whether to look for its alerts, which takes longest; else ret->alerts is 0
 */
MUST_CHECK int risk_find(struct call *c, const struct asset *a, bool alerts, struct risk_facts *ret,
			 struct err *e);
/** The Risk of a container. */
MUST_CHECK int risk_put_of(struct call *c, const struct asset *a, struct err *e);

#endif
