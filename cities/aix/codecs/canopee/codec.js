// "Canopée", soil probe of the municipal workshop: 1 status byte, then for each depth 2 bytes of moisture (0.1 %) and
// 2 of temperature (0.1 °C, signed), big-endian. Bit 0 of the status: the battery is low.
function signed(value) {
  return value > 0x7fff ? value - 0x10000 : value;
}

function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== 10) return { errors: ["port " + input.fPort + " is not used"] };
  if (bytes.length < 5 || (bytes.length - 1) % 4 !== 0) return { errors: [bytes.length + " bytes are no whole depths"] };
  var data = { battery_low: (bytes[0] & 1) === 1, depths: [] };
  for (var at = 1; at < bytes.length; at += 4) {
    data.depths.push({
      moisture: ((bytes[at] << 8) | bytes[at + 1]) / 10,
      temperature: signed((bytes[at + 2] << 8) | bytes[at + 3]) / 10,
    });
  }
  return { data: data, warnings: data.battery_low ? ["the battery is low"] : [] };
}
