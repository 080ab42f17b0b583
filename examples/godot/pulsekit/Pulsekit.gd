# pulsekit for Godot 3. Copy this folder into your project, and make this script an autoload called Pulsekit.
#
#	Pulsekit.open({endpoint = "https://...", api_key = "pa_live_...", app_name = "my-game"})
#	Pulsekit.track("level_complete", {level = 3, score = 1234.5, won = true})
#
# Where something is refused or fails, `last_error` says why. Properties are null, bools, integers, reals and strings,
# and dictionaries and arrays of them; anything else is sent as its text. All may be called from any thread but open()
# and close().
extends Node

var last_error := ""

var _native: GDNative

# Options: endpoint, api_key, app_name (required), app_version, storage_dir (default: in the user's data folder; "":
# nothing touches the disk), flush_interval (seconds), max_queue_bytes. False: `last_error` says why.
func open(options: Dictionary) -> bool:
	if not _load():
		return false
	return _call("open", [
		options.get("endpoint", ""),
		options.get("api_key", ""),
		options.get("app_name", ""),
		options.get("app_version", ""),
		options.get("storage_dir", OS.get_user_data_dir() + "/telemetry"),
		_milliseconds(options.get("flush_interval", 0)),
		options.get("max_queue_bytes", 0),
	])[0]

# Something happened. The event's id, or "" when it was refused. Does no input or output: call it in any frame.
func track(event: String, properties := {}) -> String:
	return _tracked("track", event, properties)

# The player sees a screen.
func screen(name: String, properties := {}) -> String:
	return _tracked("screen", name, properties)

# From now on events belong to this user.
func identify(user: String, traits := {}) -> String:
	return _tracked("identify", user, traits)

# Sends everything now, and waits for it. False: something is left after so many seconds.
func flush(seconds := 1.0) -> bool:
	return _call("flush", [_milliseconds(seconds)])[0]

# accepted, delivered, queued and dropped, over the life of the storage folder. Empty when it is not open.
func stats() -> Dictionary:
	var answer := _call("stats")
	if not answer[0]:
		return {}
	return {accepted = answer[1], delivered = answer[2], queued = answer[3], dropped = answer[4]}

# Delivers what so many seconds allow; the rest is kept for the next start. Done by itself at the end of the game.
func close(seconds := 1.0) -> bool:
	return _call("close", [_milliseconds(seconds)])[0] if _native else true

func _exit_tree() -> void:
	close()
	if _native:
		_native.terminate()
		_native = null

# On a phone, where the system may end the game without a word.
func _notification(what: int) -> void:
	if _native and what == NOTIFICATION_APP_PAUSED:
		_call("suspend")
	if _native and what == NOTIFICATION_APP_RESUMED:
		_call("resume")

func _load() -> bool:
	if _native:
		return true
	var native := GDNative.new()
	native.library = preload("pulsekit.gdnlib")
	if not native.initialize():
		last_error = "the library of pulsekit.gdnlib cannot be loaded"
		return false
	_native = native
	return true

func _tracked(procedure: String, name: String, properties: Dictionary) -> String:
	var answer := _call(procedure, [name, properties])
	return answer[1] if answer[0] else ""

# Whether it went well, then what there is to say.
func _call(procedure: String, arguments := []) -> Array:
	var answer := [false, "it is not open"]
	if _native:
		answer = _native.call_native("standard_varcall", "pulsekit_godot_" + procedure, arguments)
	if not answer[0]:
		last_error = answer[1]
	return answer

func _milliseconds(seconds: float) -> int:
	return int(seconds * 1000)
