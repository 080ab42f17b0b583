# A short game that plays itself and tells a collector about it.
#
#	PULSEKIT_ENDPOINT=http://127.0.0.1:8080 PULSEKIT_KEY=pa_live_... godot3 --path examples/godot
extends Label

const LEVELS := 5
const SECONDS_PER_LEVEL := 0.1

var _level := 1
var _elapsed := 0.0

func _ready() -> void:
	var options := {
		endpoint = _environment("PULSEKIT_ENDPOINT", "http://127.0.0.1:8080"),
		api_key = _environment("PULSEKIT_KEY", "pa_live_..."),
		app_name = "godot-demo",
		app_version = "1.0",
		flush_interval = 1,
	}
	if not Pulsekit.open(options):
		printerr(Pulsekit.last_error)
		get_tree().quit(1)
		return
	Pulsekit.identify("player-1", {difficulty = "hard"})
	Pulsekit.screen("main menu")

func _process(delta: float) -> void:
	_elapsed += delta
	if _elapsed < SECONDS_PER_LEVEL or _level > LEVELS:
		return
	_elapsed = 0.0
	Pulsekit.track("level_complete", {
		level = _level,
		score = 12.5 * _level + 0.25,
		won = _level % 2 == 1,
		map = "cañon",
		loot = {gold = 3 * _level, items = ["sword", null]},
	})
	_level += 1
	text = "level %d" % _level
	if _level > LEVELS:
		_end()

func _end() -> void:
	if not Pulsekit.flush(5):
		printerr(Pulsekit.last_error)
	print("ledger accepted={accepted} delivered={delivered} queued={queued} dropped={dropped}".format(Pulsekit.stats()))
	get_tree().quit()

func _environment(name: String, default: String) -> String:
	return OS.get_environment(name) if OS.has_environment(name) else default
