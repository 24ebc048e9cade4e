/** @file
 * Functions nobody here may call; included before every source file by the build.
 *
 * Each has a bounded replacement in base: buf and str for text, arena_printf for formatting, err for messages,
 * process_* for children, file_* for temporary files.
 */
#ifndef SKEP_BANNED_H
#define SKEP_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang takes no attribute after fortify's inline definitions; gcc's build speaks for both. */
#ifndef __clang__

#define BANNED __attribute__((deprecated("banned here, see base/banned.h")))

extern char *strcpy(char *, const char *) BANNED;
extern char *strcat(char *, const char *) BANNED;
extern char *strncpy(char *, const char *, size_t) BANNED;
extern char *strncat(char *, const char *, size_t) BANNED;
extern char *strtok(char *, const char *) BANNED;
extern int sprintf(char *, const char *, ...) BANNED;
extern int vsprintf(char *, const char *, __builtin_va_list) BANNED;
extern int atoi(const char *) BANNED;
extern long atol(const char *) BANNED;
extern long long atoll(const char *) BANNED;
extern double atof(const char *) BANNED;
extern int system(const char *) BANNED;
extern FILE *popen(const char *, const char *) BANNED;
extern char *mktemp(char *) BANNED;
extern char *tmpnam(char[L_tmpnam]) BANNED;
#undef alloca
extern void *alloca(size_t) BANNED;

#endif

#endif
