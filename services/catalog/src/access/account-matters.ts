/**
 * Paths about nothing but the account of whoever asks. A reviewer or an admin reaches them without a second
 * factor, to enrol one. A path that is spelled otherwise is none: it is refused, which is safe.
 */
export const accountMatters = /^\/v1\/(?:developers\/me|sessions)(?:[/:?]|$)/;
