#include "content/mime.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* In alphabetical order; what is missing is text/plain or bytes. */
static const struct mime TABLE[] = {
	{ "7z", "application/x-7z-compressed", true },
	{ "adoc", "text/asciidoc", false },
	{ "avif", "image/avif", true },
	{ "bmp", "image/bmp", true },
	{ "bz2", "application/x-bzip2", true },
	{ "c", "text/x-c", false },
	{ "cpp", "text/x-c++", false },
	{ "css", "text/css", false },
	{ "csv", "text/csv", false },
	{ "diff", "text/x-diff", false },
	{ "doc", "application/msword", true },
	{ "docx",
	    "application/"
	    "vnd.openxmlformats-officedocument.wordprocessingml.document",
	    true },
	{ "eml", "message/rfc822", false },
	{ "epub", "application/epub+zip", true },
	{ "flac", "audio/flac", true },
	{ "gif", "image/gif", true },
	{ "go", "text/x-go", false },
	{ "gz", "application/gzip", true },
	{ "h", "text/x-c", false },
	{ "htm", "text/html", false },
	{ "html", "text/html", false },
	{ "ico", "image/vnd.microsoft.icon", true },
	{ "ics", "text/calendar", false },
	{ "java", "text/x-java", false },
	{ "jpeg", "image/jpeg", true },
	{ "jpg", "image/jpeg", true },
	{ "js", "text/javascript", false },
	{ "json", "application/json", false },
	{ "jsonl", "application/jsonl", false },
	{ "log", "text/plain", false },
	{ "lua", "text/x-lua", false },
	{ "m4a", "audio/mp4", true },
	{ "markdown", "text/markdown", false },
	{ "md", "text/markdown", false },
	{ "mjs", "text/javascript", false },
	{ "mov", "video/quicktime", true },
	{ "mp3", "audio/mpeg", true },
	{ "mp4", "video/mp4", true },
	{ "odp", "application/vnd.oasis.opendocument.presentation", true },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet", true },
	{ "odt", "application/vnd.oasis.opendocument.text", true },
	{ "ogg", "audio/ogg", true },
	{ "opus", "audio/ogg", true },
	{ "pdf", "application/pdf", true },
	{ "php", "text/x-php", false },
	{ "png", "image/png", true },
	{ "pptx",
	    "application/"
	    "vnd.openxmlformats-officedocument.presentationml.presentation",
	    true },
	{ "py", "text/x-python", false },
	{ "rb", "text/x-ruby", false },
	{ "rs", "text/x-rust", false },
	{ "rst", "text/x-rst", false },
	{ "rtf", "application/rtf", false },
	{ "sh", "text/x-shellscript", false },
	{ "sql", "application/sql", false },
	{ "svg", "image/svg+xml", false },
	{ "tar", "application/x-tar", true },
	{ "tex", "text/x-tex", false },
	{ "tif", "image/tiff", true },
	{ "tiff", "image/tiff", true },
	{ "toml", "application/toml", false },
	{ "ts", "text/x-typescript", false },
	{ "tsv", "text/tab-separated-values", false },
	{ "txt", "text/plain", false },
	{ "vcf", "text/vcard", false },
	{ "wasm", "application/wasm", true },
	{ "wav", "audio/wav", true },
	{ "webm", "video/webm", true },
	{ "webp", "image/webp", true },
	{ "xlsx",
	    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	    true },
	{ "xml", "application/xml", false },
	{ "xz", "application/x-xz", true },
	{ "yaml", "application/yaml", false },
	{ "yml", "application/yaml", false },
	{ "zip", "application/zip", true },
	{ "zst", "application/zstd", true },
};

const struct mime *
mime_find(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i;

	if (dot == NULL)
		return NULL;
	for (i = 0; i < NELEM(TABLE); i++)
		if (strcasecmp(TABLE[i].end, dot + 1) == 0)
			return &TABLE[i];
	return NULL;
}

bool
mime_is_text(const void *bytes, size_t len)
{
	return memchr(bytes, '\0', len) == NULL && text_is_utf8(bytes, len);
}

bool
mime_begins_text(const void *bytes, size_t len)
{
	return mime_is_text(bytes, text_whole(bytes, len));
}
