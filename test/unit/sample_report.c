#include "sample_report.h"

#define DIGEST_A "sha256:4fbcf8a7e2d0a1c37a6fa07b0f6a0de48b6ae6a0b4b1f3a9d5a1c1a2b3c4d5e6"
#define DIGEST_B "sha256:9d2e0c5f1b7a49c2a3e8f60d15b7c84a90e1d2c3b4a5968778695a4b3c2d1e0f"

static struct inventory_layer layers[] = {
	{ .digest = { DIGEST_A, 71 },
	  .diff_id = { DIGEST_A, 71 },
	  .created_by = { "/bin/sh -c #(nop) ADD file:a1b2 in / ", 37 },
	  .stored_bytes = 2806054,
	  .tar_bytes = 5865472,
	  .entries = 487,
	  .files_analysed = 4,
	  .from_cache = true },
	{ .digest = { DIGEST_B, 71 },
	  .diff_id = { DIGEST_B, 71 },
	  .created_by = { "RUN apk add openssl \x1b[2J# 安装", 32 },
	  .stored_bytes = 904211,
	  .tar_bytes = 2101248,
	  .entries = 61,
	  .files_analysed = 1 },
};

#define PACKAGE(n, v, src, where, brought) \
	{ \
		.type = { "apk", 3 }, .namespace = { "alpine", 6 }, .name = { n, sizeof(n) - 1 }, \
		.version = { v, sizeof(v) - 1 }, .arch = { "x86_64", 6 }, \
		.source_name = { src, sizeof(src) - 1 }, .source_version = { v, sizeof(v) - 1 }, \
		.license = { "MIT", 3 }, .db_path = { "lib/apk/db/installed", 20 }, \
		.line = (where), .layer = (brought), .purl = { \
			"pkg:apk/alpine/" n "@" v "?arch=x86_64&distro=alpine-3.9.4", \
			sizeof("pkg:apk/alpine/" n "@" v "?arch=x86_64&distro=alpine-3.9.4") - 1 \
		} \
	}

static struct package packages[] = {
	PACKAGE("busybox", "1.29.3-r10", "busybox", 40, 0),
	PACKAGE("evil\x1b[31m\xe2\x80\xaepkg", "1.0\n2", "evil", 400, 1),
	PACKAGE("libcrypto1.1", "1.1.1b-r1", "openssl", 120, 1),
	PACKAGE("libssl1.1", "1.1.1b-r1", "openssl", 160, 1),
	PACKAGE("musl", "1.1.20-r4", "musl", 1, 0),
	PACKAGE("musl-utils", "1.1.20-r4", "musl", 20, 0),
	PACKAGE("ssl_client", "1.29.3-r10", "busybox", 60, 0),
	PACKAGE("中文软件包", "2.0.1-r0", "中文软件包", 90, 1),
};

static const struct vulnerability musl = {
	.id = { "CVE-2019-14697", 14 },
	.title = { "musl libc through 1.1.23 has an x87 floating-point stack adjustment imbalance",
		   77 },
	.description = { "musl libc through 1.1.23 has an x87 floating-point stack adjustment "
			 "imbalance, related to the math/i386/ directory.",
			 114 },
	.published = { "2019-08-06", 10 },
	.severity = SEVERITY_CRITICAL,
	.cvss = { { .source = { "nvd", 3 },
		    .vector = { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 44 },
		    .score = 9.8F } },
	.cvss_count = 1,
	.cwes = { "CWE-787", 7 },
	.references = { "https://www.openwall.com/lists/musl/2019/08/06/1", 48 },
	.epss = 0.00921F,
	.epss_percentile = 0.8274F,
};

static const struct vulnerability busybox = {
	.id = { "CVE-2021-42378", 14 },
	.severity = SEVERITY_HIGH,
	.cvss = { { .source = { "nvd", 3 },
		    .vector = { "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", 44 },
		    .score = 7.2F } },
	.cvss_count = 1,
	.aliases = { "GHSA-aaaa-bbbb-cccc", 19 },
	.epss = 0.1532F,
	.epss_percentile = 0.9218F,
	.kev_added = { "2022-05-04", 10 },
	.exploit_flags = EXPLOIT_KEV | EXPLOIT_METASPLOIT,
	.poc_count = 3,
};

static const struct vulnerability openssl = {
	.id = { "CVE-2019-1543", 13 },
	.severity = SEVERITY_MEDIUM,
	.cwes = { "CWE-327 CWE-330", 15 },
	.epss = 0.0003F,
	.epss_percentile = 0.11F,
	.exploit_flags = EXPLOIT_POC,
	.poc_count = 1,
};

static const struct vulnerability nameless = {
	.id = { "GHSA-7rjr-3q55-vv33", 19 },
	.severity = SEVERITY_UNKNOWN,
	.epss = -1,
};

#define EVIDENCE(name, version, upto) \
	.namespace = { "alpine:3.9", 10 }, .origin = { "alpine-secdb", 12 }, \
	.compared_name = { name, sizeof(name) - 1 }, \
	.compared_version = { version, sizeof(version) - 1 }, .fixed = { upto, sizeof(upto) - 1 }, \
	.scheme = { "apk", 3 }

static struct finding findings[] = {
	{ .package = 0,
	  .vuln = &busybox,
	  .state = FIX_FIXED,
	  .fixed_version = { "1.29.3-r11", 10 },
	  .severity = SEVERITY_HIGH,
	  .severity_source = { "nvd", 3 },
	  .cvss_score = 7.2F,
	  .risk = 77.175F,
	  EVIDENCE("busybox", "1.29.3-r10", "1.29.3-r11") },
	{ .package = 6,
	  .vuln = &busybox,
	  .state = FIX_FIXED,
	  .fixed_version = { "1.29.3-r11", 10 },
	  .severity = SEVERITY_HIGH,
	  .severity_source = { "nvd", 3 },
	  .cvss_score = 7.2F,
	  .risk = 77.175F,
	  EVIDENCE("busybox", "1.29.3-r10", "1.29.3-r11") },
	{ .package = 2,
	  .vuln = &openssl,
	  .advisory = { "ALPINE-1543 SEC-2", 17 },
	  .state = FIX_WILL_NOT_FIX,
	  .severity = SEVERITY_MEDIUM,
	  .severity_source = { "alpine", 6 },
	  .cvss_score = -1,
	  .risk = 2.5F,
	  EVIDENCE("openssl", "1.1.1b-r1", "") },
	{ .package = 4,
	  .vuln = &musl,
	  .state = FIX_FIXED,
	  .fixed_version = { "1.1.20-r5", 9 },
	  .severity = SEVERITY_CRITICAL,
	  .severity_source = { "nvd", 3 },
	  .cvss_score = 9.8F,
	  .risk = 0.94F,
	  EVIDENCE("musl", "1.1.20-r4", "1.1.20-r5") },
	{ .package = 5,
	  .vuln = &musl,
	  .state = FIX_FIXED,
	  .fixed_version = { "1.1.20-r5", 9 },
	  .severity = SEVERITY_CRITICAL,
	  .severity_source = { "nvd", 3 },
	  .cvss_score = 9.8F,
	  .risk = 0.94F,
	  EVIDENCE("musl", "1.1.20-r4", "1.1.20-r5") },
	{ .package = 7,
	  .vuln = &nameless,
	  .advisory = { "GHSA-7rjr-3q55-vv33", 19 },
	  .state = FIX_AFFECTED,
	  .severity = SEVERITY_UNKNOWN,
	  .cvss_score = -1,
	  .risk = 0.3F,
	  EVIDENCE("中文软件包", "2.0.1-r0", "") },
	{ .package = 1,
	  .vuln = &nameless,
	  .state = FIX_AFFECTED,
	  .severity = SEVERITY_NEGLIGIBLE,
	  .cvss_score = -1,
	  .risk = 0.05F,
	  EVIDENCE("evil", "1.0\n2", "") },
};

static struct finding ignored[] = {
	{ .package = 3,
	  .vuln = &openssl,
	  .state = FIX_FIXED,
	  .fixed_version = { "1.1.1b-r2", 9 },
	  .severity = SEVERITY_MEDIUM,
	  .severity_source = { "nvd", 3 },
	  .cvss_score = 5.3F,
	  .risk = 2.575F,
	  .ignored_by = { ".skepignore.yaml:4", 18 },
	  .ignore_reason = { "the cipher is not used here", 27 },
	  EVIDENCE("openssl", "1.1.1b-r1", "1.1.1b-r2") },
};

static struct ignore_note notes[] = {
	{ .kind = IGNORE_EXPIRED,
	  .place = { ".skepignore.yaml:9", 18 },
	  .id = { "CVE-2018-0001", 13 },
	  .detail = { "2025-01-01", 10 } },
	{ .kind = IGNORE_UNUSED, .place = { ".trivyignore:2", 14 }, .id = { "CVE-2018-0002", 13 } },
};

static struct gap inventory_gaps[] = {
	{ .kind = GAP_MALFORMED,
	  .place = { "lib/apk/db/installed", 20 },
	  .what = { "entry at line 300 has no version", 32 },
	  .count = 2 },
	{ .kind = GAP_LIMIT,
	  .place = { "opt/\x1b[1mhuge.bin", 16 },
	  .what = { "file over 512 MiB was not read", 30 },
	  .count = 1 },
};

static struct gap match_gaps[] = {
	{ .kind = GAP_END_OF_LIFE,
	  .place = { "alpine 3.9", 10 },
	  .what = { "no advisories since 2020-11-01", 30 },
	  .count = 1 },
};

static str tags[] = { { "registry.example:5000/shop/api:1.4", 34 } };

static const struct inventory image = {
	.kind = TARGET_IMAGE,
	.name = { "shop-api.tar", 12 },
	.source = { "docker-archive", 14 },
	.image_id = { DIGEST_B, 71 },
	.repo_tags = tags,
	.repo_tag_count = ARRAY_LEN(tags),
	.architecture = { "amd64", 5 },
	.platform_os = { "linux", 5 },
	.created = { "2019-05-11T00:07:03Z", 20 },
	.os = { .id = { "alpine", 6 },
		.version_id = { "3.9.4", 5 },
		.pretty_name = { "Alpine Linux v3.9", 17 },
		.repository = { "v3.9", 4 },
		.path = { "etc/os-release", 14 } },
	.packages = { .items = packages, .count = ARRAY_LEN(packages) },
	.layers = layers,
	.layer_count = ARRAY_LEN(layers),
	.gaps = { .items = inventory_gaps, .count = ARRAY_LEN(inventory_gaps) },
};

static const struct inventory clean = {
	.kind = TARGET_ROOTFS,
	.name = { "/srv/rootfs", 11 },
	.source = { "rootfs", 6 },
	.os = { .id = { "debian", 6 },
		.version_id = { "12", 2 },
		.pretty_name = { "Debian GNU/Linux 12 (bookworm)", 30 } },
	.packages = { .items = packages + 4, .count = 1 },
	.layers = layers,
	.layer_count = 1,
};

static const struct inventory bare = {
	.kind = TARGET_FILESYSTEM,
	.name = { "/empty", 6 },
	.source = { "dir", 3 },
};

void sample_report(enum sample which, struct report *ret)
{
	static const struct database_info database = {
		.path = { "/var/lib/skep/vuln.db", 21 },
		.built = { "2026-11-18T06:00:00Z", 20 },
		.digest = { DIGEST_A, 71 },
		.signer = { "8f3a21c07be45d19", 16 },
		.format = 1,
		.claims = 1234567,
		.vulnerabilities = 251003,
		.age_s = 200000,
	};

	*ret = (struct report){
		.inventory = which == SAMPLE_RICH    ? &image
			     : which == SAMPLE_CLEAN ? &clean
						     : &bare,
		.tool_version = { "0.1.0", 5 },
		.started = { "2026-11-20T22:30:00Z", 20 },
		.elapsed_ms = 41,
	};
	if (which == SAMPLE_BARE)
		return;
	ret->database = database;
	ret->end_of_life = which == SAMPLE_RICH ? S("2020-11-01") : S("2028-06-30");
	if (which == SAMPLE_CLEAN)
		return;
	ret->is_end_of_life = true;
	ret->findings = (struct finding_list){ findings, ARRAY_LEN(findings), 0 };
	ret->ignored = (struct finding_list){ ignored, ARRAY_LEN(ignored), 0 };
	ret->filtered = 2;
	ret->ignore_notes = notes;
	ret->ignore_note_count = ARRAY_LEN(notes);
	ret->gaps = (struct gap_list){ .items = match_gaps, .count = ARRAY_LEN(match_gaps) };
}
