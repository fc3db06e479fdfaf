import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * Prints src/sql/zone_names.inc: what java.time's pattern letters z and v show for each zone, in the en_US locale.
 *
 *   usage: java scripts/ZoneNames.java > src/sql/zone_names.inc
 *
 * Needs a Java 17 or newer; the names are those of the CLDR data in it.
 */
public class ZoneNames {
    static String text(String pattern, ZonedDateTime at) {
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(at);
    }

    public static void main(String[] args) {
        Map<List<String>, Integer> names = new LinkedHashMap<>();
        List<String> zones = new ArrayList<>();
        for (String id : new TreeSet<>(ZoneId.getAvailableZoneIds())) {
            ZoneId zone = ZoneId.of(id);
            ZoneRules rules = zone.getRules();
            ZonedDateTime winter = ZonedDateTime.of(2018, 1, 15, 12, 0, 0, 0, zone);
            ZonedDateTime summer = ZonedDateTime.of(2018, 7, 15, 12, 0, 0, 0, zone);
            boolean south = rules.isDaylightSavings(winter.toInstant());
            ZonedDateTime standard = south ? summer : winter;
            ZonedDateTime daylight = south ? winter : summer;
            // Zones without daylight saving time in that year still have a name for it: ask the old class.
            java.util.TimeZone old = java.util.TimeZone.getTimeZone(id);
            boolean has = rules.isDaylightSavings(daylight.toInstant());
            List<String> tuple = List.of(text("z", standard), text("zzzz", standard),
                has ? text("z", daylight) : old.getDisplayName(true, 0, Locale.US),
                has ? text("zzzz", daylight) : old.getDisplayName(true, 1, Locale.US),
                text("v", standard), text("vvvv", standard));
            if (tuple.get(0).equals(id) && tuple.get(1).equals(id))
                continue;
            Integer index = names.computeIfAbsent(tuple, t -> names.size());
            zones.add(String.format("{\"%s\", %d},", id, index));
        }
        System.out.println("/* Made by scripts/ZoneNames.java from Java " + System.getProperty("java.version") + ": do not edit. */");
        System.out.println("/* clang-format off */\n");
        System.out.println("static const struct zone_names names[] = {");
        for (List<String> tuple : names.keySet())
            System.out.println("    {{\"" + String.join("\", \"", tuple) + "\"}},");
        System.out.println("};\n\nstatic const struct named_zone zones[] = {");
        StringBuilder line = new StringBuilder("   ");
        for (String zone : zones) {
            if (line.length() + zone.length() > 116) {
                System.out.println(line);
                line = new StringBuilder("   ");
            }
            line.append(' ').append(zone);
        }
        System.out.println(line + "\n};\n/* clang-format on */");
    }
}
