-- Codec: numbers to bits, bits to bytes, bytes to cells. Python's twin is portunus/barcode/wire.py; both agree bit for bit.

local P = Portunus
local floor, max, min = math.floor, math.max, math.min

local CLOCK_WRAP_MS = 16777216 -- 2^24
local SHARE_UNKNOWN = 1023

-- A number that arithmetic can trust, or nil.
local function finite(value)
	if type(value) == "number" and value == value then
		return value
	end
	return nil
end

-- The instant `value` (seconds) on the wrapping 8 ms clock of a field; 0 = none.
local function encodeInstant(value, nowMs, bits, isAhead)
	local span = 2 ^ bits
	local top = span - 1
	local share = span / 8
	local behind, ahead = span - share - 3, share
	if isAhead then
		behind, ahead = share, span - share - 3
	end
	if value > 1e12 or value < -1e12 then
		return (value > 0 and isAhead) and top or 0
	end
	local now = floor(nowMs / P.schema.tickMs)
	local at = floor(floor(value * 1000 + 0.5) / P.schema.tickMs)
	if at < now - behind then
		return 0
	end
	if at > now + ahead then
		return isAhead and top or 0
	end
	return min(top - 1, max(1, at % span))
end

-- The raw integer of one field. `value` is nil for none or unknown; instants are seconds of GetTime, math.huge = without end.
function P.encode(coding, bits, value, nowMs)
	if coding == "flag" then
		return value and value ~= 0 and 1 or 0
	end
	value = finite(value)
	if coding == "share" then
		if not value then
			return SHARE_UNKNOWN
		end
		return floor(min(max(value, 0), 1) * 1000 + 0.5)
	end
	if not value then
		return 0
	end
	if coding == "count" then
		return min(2 ^ bits - 1, floor(min(max(value, 0), 16777216) + 0.5))
	end
	return encodeInstant(value, nowMs, bits, coding == "ahead")
end

-- Bytes are collected in one reused table.
local bytes, byteCount = {}, 0

local function putByte(value)
	byteCount = byteCount + 1
	bytes[byteCount] = value
end

-- Appends the raw fields, most significant bit first.
local function putFields(fields, raw)
	local held, heldBits = 0, 0
	for i = 1, #fields do
		local width = fields[i].bits
		held = held * 2 ^ width + raw[i]
		heldBits = heldBits + width
		while heldBits >= 8 do
			heldBits = heldBits - 8
			local unit = 2 ^ heldBits
			local byte = floor(held / unit)
			putByte(byte)
			held = held - byte * unit
		end
	end
	if heldBits > 0 then
		putByte(held * 2 ^ (8 - heldBits))
	end
end

-- Exclusive or of two bytes: by a table of half bytes, so that no bit library is needed.
local nibbleXor = {}
for a = 0, 15 do
	for b = 0, 15 do
		local result, unit, x, y = 0, 1, a, b
		for _ = 1, 4 do
			if x % 2 ~= y % 2 then
				result = result + unit
			end
			x, y, unit = floor(x / 2), floor(y / 2), unit * 2
		end
		nibbleXor[a * 16 + b] = result
	end
end

local function byteXor(a, b)
	local lowA, lowB = a % 16, b % 16
	return nibbleXor[a - lowA + (b - lowB) / 16] * 16 + nibbleXor[lowA * 16 + lowB]
end

local function wordXor(a, b)
	local result, unit = 0, 1
	for _ = 1, 4 do
		local lowA, lowB = a % 256, b % 256
		result = result + byteXor(lowA, lowB) * unit
		a, b, unit = (a - lowA) / 256, (b - lowB) / 256, unit * 256
	end
	return result
end

-- CRC-32 as in zlib. The client's bit library is used where there is one; it works on 32-bit integers and may answer negative.
local crcTable = {}
for i = 0, 255 do
	local value = i
	for _ = 1, 8 do
		local odd = value % 2
		value = (value - odd) / 2
		if odd == 1 then
			value = wordXor(value, 3988292384) -- 0xEDB88320
		end
	end
	crcTable[i] = value
end

local crcBytes = { {}, {}, {}, {} } -- the four bytes of every table entry, lowest first
for i = 0, 255 do
	local value = crcTable[i]
	for k = 1, 4 do
		crcBytes[k][i] = value % 256
		value = floor(value / 256)
	end
end

local function crcArithmetic(count)
	local b1, b2, b3, b4 = 255, 255, 255, 255
	local t1, t2, t3, t4 = crcBytes[1], crcBytes[2], crcBytes[3], crcBytes[4]
	for i = 1, count do
		local index = byteXor(b1, bytes[i])
		b1, b2, b3, b4 = byteXor(b2, t1[index]), byteXor(b3, t2[index]), byteXor(b4, t3[index]), t4[index]
	end
	return 255 - b4, 255 - b3, 255 - b2, 255 - b1
end

local function crcBitLibrary(count)
	local bxor, band, rshift = bit.bxor, bit.band, bit.rshift
	local crc = 4294967295
	for i = 1, count do
		crc = bxor(crcTable[band(bxor(crc, bytes[i]), 255)], rshift(crc, 8))
	end
	crc = bxor(crc, 4294967295) % 4294967296
	return floor(crc / 16777216), floor(crc / 65536) % 256, floor(crc / 256) % 256, crc % 256
end

local checksum = bit and bit.bxor and bit.band and bit.rshift and crcBitLibrary or crcArithmetic

-- Builds a frame. `raw` is nil for a frame without state. Returns the byte table and how many of its entries are valid.
function P.buildFrame(status, sequence, nowMs, raw)
	local schema = P.schema
	byteCount = 0
	putByte(schema.version * 16 + status)
	putByte(floor(schema.shortHash / 256))
	putByte(schema.shortHash % 256)
	putByte(sequence % 256)
	local clock = nowMs % CLOCK_WRAP_MS
	putByte(floor(clock / 65536))
	putByte(floor(clock / 256) % 256)
	putByte(clock % 256)
	putByte(raw and schema.payloadBytes or 0)
	if raw then
		putFields(schema.fields, raw)
	end
	local c1, c2, c3, c4 = checksum(byteCount)
	putByte(c1)
	putByte(c2)
	putByte(c3)
	putByte(c4)
	return bytes, byteCount
end

-- Cuts bytes into 6-bit symbols, first bit first, and calls paint(cell, symbol) for cells 1 .. cellCount.
function P.eachSymbol(frameBytes, count, cellCount, paint)
	local held, heldBits, cell = 0, 0, 0
	for i = 1, count do
		held = held * 256 + frameBytes[i]
		heldBits = heldBits + 8
		while heldBits >= 6 do
			heldBits = heldBits - 6
			local unit = 2 ^ heldBits
			local symbol = floor(held / unit)
			held = held - symbol * unit
			cell = cell + 1
			paint(cell, symbol)
		end
	end
	if heldBits > 0 then
		cell = cell + 1
		paint(cell, held * 2 ^ (6 - heldBits))
	end
	for empty = cell + 1, cellCount do
		paint(empty, 0)
	end
end
