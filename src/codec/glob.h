/** @file
 * Path patterns: '?' one character but '/', '*' any run without '/', '**' any run, and "**" followed by '/' any number
 * of whole folders, none included. Everything else stands for itself; the pattern covers the whole path.
 *
 * Takes time in proportion to pattern times path, whatever they are; a path over GLOB_MAX_PATH bytes never matches.
 */
#ifndef SKEP_CODEC_GLOB_H
#define SKEP_CODEC_GLOB_H

#include "base/str.h"

#define GLOB_MAX_PATH 4096

bool glob_match(str pattern, str path);

#endif
