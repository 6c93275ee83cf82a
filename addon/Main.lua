-- Main: when to read and paint. The addon reads and shows; it never acts, writes no setting and sends nothing.

local P = Portunus

local STATUS_OK, STATUS_UNSUPPORTED, STATUS_RESTRICTED, STATUS_NOT_IN_WORLD = 0, 1, 2, 3
local STATUS_TEXT = {
	[STATUS_OK] = "ok",
	[STATUS_UNSUPPORTED] = "unsupported client: it withholds combat values from addons, so nothing is shown",
	[STATUS_RESTRICTED] = "stopped: the client withheld a combat value",
	[STATUS_NOT_IN_WORLD] = "waiting for the character to enter the world",
}
local PERIOD = 0.05 -- seconds between frames
local SOONEST = 0.033 -- after an event of the player: not before this
local URGENT = {
	UNIT_SPELLCAST_START = true,
	UNIT_SPELLCAST_STOP = true,
	UNIT_SPELLCAST_SUCCEEDED = true,
	UNIT_SPELLCAST_CHANNEL_START = true,
	UNIT_SPELLCAST_CHANNEL_STOP = true,
	UNIT_SPELLCAST_DELAYED = true,
	UNIT_SPELLCAST_INTERRUPTED = true,
}

local status = STATUS_NOT_IN_WORLD
local sequence = 0
local sinceFrame = 0
local urgent = false
local watcher = CreateFrame("Frame")

local function show()
	local now = P.now()
	local nowMs = math.floor(now * 1000 + 0.5)
	local raw
	P.restricted = false
	if status == STATUS_OK then
		raw = P.readFields(now, nowMs)
		if P.restricted then
			status, raw = STATUS_RESTRICTED, nil
			watcher:UnregisterAllEvents()
			watcher:SetScript("OnUpdate", nil)
		end
	end
	sequence = (sequence + 1) % 256
	P.paint(P.buildFrame(status, sequence, nowMs, raw))
	sinceFrame, urgent = 0, false
end

local function onUpdate(_, elapsed)
	sinceFrame = sinceFrame + elapsed
	if sinceFrame >= PERIOD or (urgent and sinceFrame >= SOONEST) then
		show()
	end
end

local handlers = {}

function handlers.PLAYER_ENTERING_WORLD()
	status = STATUS_OK
	P.forget()
	show()
end

function handlers.PLAYER_LEAVING_WORLD()
	status = STATUS_NOT_IN_WORLD
	show()
end

function handlers.PLAYER_DEAD()
	P.forget()
end

function handlers.PLAYER_REGEN_DISABLED()
	P.combatChanged(true)
	urgent = true
end

function handlers.PLAYER_REGEN_ENABLED()
	P.combatChanged(false)
	urgent = true
end

function handlers.PLAYER_TARGET_CHANGED()
	P.aurasChanged("target")
	urgent = true
end

function handlers.UNIT_AURA(unit)
	P.aurasChanged(unit)
	if unit == "player" or unit == "target" then
		urgent = true
	end
end

function handlers.SPELL_UPDATE_COOLDOWN()
	urgent = true
end

function handlers.COMBAT_LOG_EVENT_UNFILTERED(...)
	if P.combatLog(...) then
		urgent = true
	end
end

function handlers.UI_SCALE_CHANGED()
	P.layOut()
end
handlers.DISPLAY_SIZE_CHANGED = handlers.UI_SCALE_CHANGED

local function ownCast(unit)
	if unit == "player" then
		urgent = true
	end
end
for event in pairs(URGENT) do
	handlers[event] = ownCast
end

local function slash(text)
	if string.lower(text or "") ~= "status" then
		print("Portunus: type /portunus status")
		return
	end
	print("Portunus for " .. P.schema.title .. ": " .. STATUS_TEXT[status])
	print(
		string.format(
			"frame %d, %d fields, %d bytes, schema %04x, %s combat log",
			sequence,
			#P.schema.fields,
			P.schema.payloadBytes,
			P.schema.shortHash,
			P.isLegacy and "3.3.5" or "modern"
		)
	)
end

local function start()
	P.createBarcode()
	SLASH_PORTUNUS1 = "/portunus"
	SlashCmdList["PORTUNUS"] = slash
	if P.isUnsupported() then
		status = STATUS_UNSUPPORTED
		P.paint(P.buildFrame(status, 0, 0, nil))
		print("Portunus: " .. STATUS_TEXT[status])
		return
	end
	P.learnNames()
	for event in pairs(handlers) do
		watcher:RegisterEvent(event)
	end
	watcher:SetScript("OnUpdate", onUpdate)
	show()
end

watcher:RegisterEvent("PLAYER_LOGIN")
watcher:SetScript("OnEvent", function(_, event, ...)
	if event == "PLAYER_LOGIN" then
		watcher:UnregisterEvent("PLAYER_LOGIN")
		start()
	else
		handlers[event](...)
	end
end)
