/** @file
 * The bounds on everything that comes from outside. Every one is configurable, and hitting one is always said:
 * as an error when the operation cannot go on, as a gap when the rest of the work still means something.
 */
#ifndef SKEP_BASE_LIMITS_H
#define SKEP_BASE_LIMITS_H

#include "base/base.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/** X(name, default, help in English, help in Chinese): the source of the struct, the options and the docs. */
#define LIMITS(X) \
	X(layer_entries, 5000000, "entries in one layer", "单个镜像层的条目数") \
	X(layer_bytes, 64 * GIB, "bytes of one layer after decompression", \
	  "单个镜像层解压后的字节数") \
	X(image_bytes, 256 * GIB, "bytes of all layers after decompression", \
	  "所有镜像层解压后的总字节数") \
	X(file_bytes, 512 * MIB, "bytes of one file that is analysed", "单个被分析文件的字节数") \
	X(memory_bytes, 128 * MIB, "bytes of memory one worker may use for results", \
	  "单个工作进程用于结果的内存字节数") \
	X(path_bytes, 4096, "bytes of one path", "单个路径的字节数") \
	X(path_depth, 256, "folders in one path", "单个路径的目录层数") \
	X(layers, 512, "layers of one image", "单个镜像的层数") \
	X(nesting, 64, "levels of nesting in JSON, YAML and archives", \
	  "JSON、YAML 与归档的嵌套层数") \
	X(expansion, 250, "decompressed bytes per compressed byte", \
	  "每个压缩字节可解压出的字节数") \
	X(packages, 1000000, "packages in one image", "单个镜像的软件包数")

struct limits {
#define LIMITS_FIELD(name, value, en, zh) uint64_t name;
	LIMITS(LIMITS_FIELD)
#undef LIMITS_FIELD
};

static inline struct limits limits_default(void)
{
	return (struct limits){
#define LIMITS_VALUE(name, value, en, zh) .name = (value),
		LIMITS(LIMITS_VALUE)
#undef LIMITS_VALUE
	};
}

#endif
