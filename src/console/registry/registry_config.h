/** @file
 * What operators say of a registry beyond its name and address: the members of the API's RegistryNew, which the store keeps as
 * text. One reader serves both.
 *
 * Patterns are globs (codec/glob.h); one that begins with '!' leaves out what it covers. No pattern but such: all the others.
 */
#ifndef SKEP_CONSOLE_REGISTRY_REGISTRY_CONFIG_H
#define SKEP_CONSOLE_REGISTRY_REGISTRY_CONFIG_H

#include "codec/json_out.h"
#include "codec/value.h"
#include "console/registry/registry_kind.h"
#include "console/store/registry_tags.h"

#define REGISTRY_INTERVAL_MIN_S 300
#define REGISTRY_INTERVAL_MAX_S (30 * 86400)

struct registry_list_of {
	str *items;
	size_t count;
};

struct registry_rule {
	str pattern; /**< of "repository" or "repository:tag" */
	enum promotion_stage stage;
};

struct registry_config {
	const struct registry_kind *kind;
	str user;
	str ca;        /**< certificate authorities besides the system's, PEM; may be empty */
	bool insecure; /**< any certificate, and plain http */
	struct registry_list_of repositories, tags, platforms;
	int64_t interval_s; /**< 0: only when somebody asks */
	int64_t requests;   /**< a second, at most */
	enum promotion_stage stage;
	struct registry_rule *rules; /**< the first that covers an image decides, else `stage` */
	size_t rule_count;
};

/**
 * Reads and checks it. Members that are missing have their presets.
 *
 * @param a owns the lists; texts are borrowed from @p v, or its own
 * @return 0, -EINVAL, -ENOBUFS
 */
MUST_CHECK int registry_config_take(const struct value *v, const struct registry_kind *kind,
				    struct arena *a, struct registry_config *ret, struct err *e);
/** Its members, into an object that is open. */
void registry_config_put(const struct registry_config *c, struct json_out *j);

/** Whether @p name is among what @p patterns say. */
bool registry_config_wants(const struct registry_list_of *patterns, str name);
/** Whether a pattern has wildcards. */
bool registry_pattern_is_wild(str pattern);
/** What a pattern names without wildcards, up to a '/': "team/sub" of "team/sub/a*"; empty: nothing. */
str registry_pattern_folder(str pattern);
/** Whether the repositories are named one by one, so that no catalogue is needed. */
bool registry_config_is_named(const struct registry_config *c);
enum promotion_stage registry_config_stage(const struct registry_config *c, str repository,
					   str tag);

/** "base", "test", "production"; of STAGE_NONE "none". */
const char *promotion_stage_name(enum promotion_stage s);
/** @return the stage or -ENOENT */
MUST_CHECK int promotion_stage_find(str name);

#endif
