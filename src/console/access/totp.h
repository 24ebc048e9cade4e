/** @file
 * Time-based one-time codes (RFC 6238: HMAC-SHA-1, 6 digits, 30 seconds), as authenticator apps make them, and the
 * base32 (RFC 4648 section 6) they are enrolled with.
 */
#ifndef SKEP_CONSOLE_ACCESS_TOTP_H
#define SKEP_CONSOLE_ACCESS_TOTP_H

#include "base/buf.h"
#include "base/err.h"

#define TOTP_SECRET_BYTES 20
#define TOTP_STEP_S 30
#define TOTP_DIGITS 6
/** A clock may be this many steps off, either way. */
#define TOTP_WINDOW 1
#define RECOVERY_CODES 10
/** "XXXX-XXXX-XXXX-XXXX" and a NUL: 80 bits. */
#define RECOVERY_CODE_BYTES 20

/** The code of step @p step, with a NUL. */
void totp_code(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step, char ret[TOTP_DIGITS + 1]);

/**
 * Whether @p code is that of a step around @p now_s later than @p last_step, so that none works twice.
 *
 * @return the step it is of, or 0
 */
uint64_t totp_check(const uint8_t secret[TOTP_SECRET_BYTES], str code, int64_t now_s,
		    uint64_t last_step);

/** "otpauth://totp/ISSUER:NAME?secret=...&issuer=ISSUER" for a QR code. */
void totp_uri(const uint8_t secret[TOTP_SECRET_BYTES], str issuer, str name, struct buf *out);

/** A fresh recovery code. @return 0, -EIO */
MUST_CHECK int recovery_code_new(char ret[RECOVERY_CODE_BYTES], struct err *e);
/** As typed (small letters, blanks, no dashes) to the form recovery_code_new() gave; false when it is none. */
bool recovery_code_normal(str typed, char ret[RECOVERY_CODE_BYTES]);

/** RFC 4648 section 6, capitals, no padding. */
void base32_encode(struct buf *out, str bytes);

#endif
