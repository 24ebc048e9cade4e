/** @file
 * What cvss.c hands to the formulas: for each base metric, in the order of its version's table, the index of its value
 * there.
 */
#ifndef SKEP_CODEC_CVSS_PRIV_H
#define SKEP_CODEC_CVSS_PRIV_H

#include "codec/cvss.h"

/** X(name, values): the base metrics in order; each score function knows the positions by CVSS2_AV and so on. */
#define CVSS2_BASE(X) \
	X(AV, "L A N") \
	X(AC, "H M L") \
	X(Au, "M S N") \
	X(C, "N P C") \
	X(I, "N P C") \
	X(A, "N P C")

#define CVSS3_BASE(X) \
	X(AV, "N A L P") \
	X(AC, "L H") \
	X(PR, "N L H") \
	X(UI, "N R") \
	X(S, "U C") \
	X(C, "N L H") \
	X(I, "N L H") \
	X(A, "N L H")

/** Values from the most severe on, so that an index is the distance to it. */
#define CVSS4_BASE(X) \
	X(AV, "N A L P") \
	X(AC, "L H") \
	X(AT, "N P") \
	X(PR, "N L H") \
	X(UI, "N P A") \
	X(VC, "H L N") \
	X(VI, "H L N") \
	X(VA, "H L N") \
	X(SC, "H L N") \
	X(SI, "H L N") \
	X(SA, "H L N")

#define CVSS_BASE_MAX 11

/** Base score times ten. */
unsigned int cvss2_score(const unsigned int value[CVSS_BASE_MAX]);
unsigned int cvss3_score(const unsigned int value[CVSS_BASE_MAX]);
unsigned int cvss4_score(const unsigned int value[CVSS_BASE_MAX]);

#endif
