/*
 * Reads each file named as an argument as a module, and prints where one is no
 * JavaScript.  One process for all: "node --check" would be one for each.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import vm from "node:vm";

for (const file of process.argv.slice(2)) {
	try {
		new vm.SourceTextModule(readFileSync(file, "utf8"));
	} catch { // it says where
		const said = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
		console.log(said.stderr.split("\n").slice(0, 5).join("\n"));
	}
}
