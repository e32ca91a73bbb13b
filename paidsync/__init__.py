"""The ground: the words of money, records, reasons and settings that every room shares."""
