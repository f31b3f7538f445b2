/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The entities of Nexudus: where each lives, its fields with their defaults (those seen in live
 * records, nexudus-api.md §3), and which of them lists leave out (§2.4). Arrays are always empty in
 * lists and need no mention.
 */
#include "nexudus.h"

const NxInfo nx_infos[NX_ENTITIES_] = {
  [NX_COWORKERS]
  = { "coworkers", "spaces", "Coworker", 1423000000, "FullName,Email",
      "CoworkerType,MobilePhone,CompanyName,AccessPincode,KeyFobNumber,AllowNetworkCheckin,Notes,"
      "Custom1,Custom2",
      "{\"CoworkerType\":1,\"FullName\":null,\"Salutation\":null,\"GuessedFirstName\":null,"
      "\"GuessedLastName\":null,\"Email\":null,\"Active\":true,\"Archived\":false,"
      "\"InvoicingBusinessId\":null,\"InvoicingBusinessName\":null,\"Businesses\":[],\"Teams\":[],"
      "\"TeamIds\":null,\"TeamNames\":null,\"TariffId\":null,\"TariffName\":null,"
      "\"NextTariffId\":null,\"NextTariffName\":null,\"BillingDay\":null,\"RenewalDate\":null,"
      "\"StartDate\":null,\"CancellationDate\":null,\"CoworkerContractIds\":null,"
      "\"CoworkerContractTariffNames\":null,\"AccessCardId\":null,\"AccessPincode\":null,"
      "\"KeyFobNumber\":null,\"AllowNetworkCheckin\":true,\"CheckinSinceLastRenewal\":0,"
      "\"MinutesSinceLastRenewal\":0,\"HasDueInvoices\":false,\"UserId\":null,\"UserActive\":null,"
      "\"UserLastAccess\":null,\"UserIsAdmin\":null,\"CanMakeBookings\":true,"
      "\"CanBookForTeam\":true,\"CurrentAccessSignature\":null,\"RegistrationDate\":null,"
      "\"SimpleTimeZoneId\":null,\"CountryId\":null,\"MobilePhone\":null,\"LandLine\":null,"
      "\"CompanyName\":null,\"Position\":null,\"Notes\":null,\"Custom1\":null,\"Custom2\":null,"
      "\"BillingName\":null,\"BillingEmail\":null,\"DiscountCode\":null,\"Avatar\":null}",
      TRUE, FALSE },
  [NX_PASSES]
  = { "coworkertimepasses", "billing", "CoworkerTimePass", 2023000000, "CoworkerId,TimePassId",
      "Notes",
      "{\"CoworkerId\":null,\"CoworkerFullName\":null,\"BusinessId\":null,\"TimePassId\":null,"
      "\"TimePassName\":null,\"TimePassCurrencyCode\":\"EUR\",\"Notes\":null,"
      "\"PurchaseOrder\":null,\"Used\":false,\"CheckedIn\":false,\"UsedDate\":null,"
      "\"RemainingUses\":null,\"TotalUses\":null,\"Free\":false,\"Price\":null,"
      "\"CreateMultiple\":1,\"ExpireDate\":null,\"Invoiced\":false,\"InvoiceDate\":null,"
      "\"IsFromTariff\":false,\"IsPayAsYouGo\":false,\"CoworkerProductUniqueId\":null,"
      "\"CoworkerContractUniqueId\":null}",
      FALSE, FALSE },
  [NX_PASS_TYPES]
  = { "timepasses", "billing", "TimePass", 1415000000, "Name", "InvoiceLineDisplayAs",
      "{\"BusinessId\":null,\"BusinessName\":null,\"Name\":null,\"InvoiceLineDisplayAs\":null,"
      "\"Price\":0.0,\"MinutesIncluded\":null,\"CountsTowardsPlanLimits\":true,"
      "\"UseAsPayAsYouGoForMembers\":false,\"UseAsPayAsYouGoForContacts\":false,"
      "\"UsePriority\":null,\"CurrencyId\":3001,\"CurrencyCode\":\"EUR\",\"TaxRateId\":null,"
      "\"FinancialAccountId\":null,\"Businesses\":[],\"KisiGroupId\":null,"
      "\"DoorGuardGroupId\":null,\"AccessControlGroupId\":null,\"AllowNetworkCheckIn\":false,"
      "\"OnlyForContacts\":false,\"OnlyForMembers\":false,\"Tariffs\":[],\"Archived\":false,"
      "\"TimeSlots\":[]}",
      FALSE, FALSE },
  [NX_PASS_SLOTS] = { "timepasstimeslots", "billing", "TimePassTimeSlot", 1415600000,
                      "TimePassId,FromTime,ToTime", "",
                      "{\"TimePassId\":null,\"TimePassName\":null,\"DayOfWeek\":0,"
                      "\"FromTime\":\"1976-01-01T00:00:00Z\",\"ToTime\":\"1976-01-01T23:59:00Z\"}",
                      FALSE, FALSE },
  [NX_BOOKINGS]
  = { "bookings", "spaces", "Booking", 1455000000, "ResourceId,FromTime,ToTime",
      "InternalNotes,TeamsAtTheTimeOfBooking,TariffAtTheTimeOfBooking",
#define BOOKING_FIELDS                                                                             \
  "\"ResourceId\":null,\"ResourceName\":null,\"ResourceAllocation\":null,"                         \
  "\"ResourceHideInCalendar\":false,\"ResourceResourceTypeId\":null,"                              \
  "\"ResourceResourceTypeName\":null,\"FloorPlanDeskId\":null,\"FloorPlanDeskName\":null,"         \
  "\"CoworkerId\":null,\"CoworkerCoworkerType\":\"Individual\",\"CoworkerFullName\":null,"         \
  "\"CoworkerMobilePhone\":null,\"CoworkerLandLine\":null,\"CoworkerBillingName\":null,"           \
  "\"CoworkerCompanyName\":null,\"CoworkerTeamNames\":null,\"ExtraServiceId\":null,"               \
  "\"ExtraServiceName\":null,\"FromTime\":null,\"ToTime\":null,\"Notes\":null,"                    \
  "\"InternalNotes\":null,\"ChargeNow\":false,\"InvoiceNow\":false,"                               \
  "\"InvoiceThisCoworker\":false,\"DoNotUseBookingCredit\":false,\"PurchaseOrder\":null,"          \
  "\"DiscountCode\":null,\"Tentative\":false,\"Online\":false,"                                    \
  "\"TeamsAtTheTimeOfBooking\":null,\"TariffAtTheTimeOfBooking\":null,"                            \
  "\"RepeatSeriesUniqueId\":null,\"RepeatBooking\":false,\"Repeats\":2,\"RepeatEvery\":0,"         \
  "\"RepeatUntil\":null,\"WhichBookingsToUpdate\":1,\"OverridePrice\":null,\"Invoiced\":false,"    \
  "\"InvoiceDate\":null,\"BookingNumber\":0,\"IncludeZoomInvite\":false,\"CheckedInAt\":null,"     \
  "\"CoworkerCheckedInAt\":null,\"CoworkerCheckedOutAt\":null,\"CancelIfNotPaid\":false,"          \
  "\"CancelIfNotCheckedIn\":false,\"MaxOccupancy\":null,\"EstimatedCost\":null,"                   \
  "\"EstimagedCost\":null,\"IsEvent\":false,\"IsTour\":false,\"DiscountAmount\":null"
      "{" BOOKING_FIELDS ",\"OverrideResourceLimits\":false,\"DisableConfirmation\":false,"
      "\"SkipGoogleCalendarUpdate\":false,\"BookingProducts\":[],\"BookingVisitors\":[],"
      "\"AvailableCredit\":null}",
      FALSE, FALSE },
  [NX_CANCELLED]
  = { "cancelledbookings", "spaces", "CancelledBooking", 1456000000, "", "InternalNotes",
      "{" BOOKING_FIELDS ",\"OriginalBookingId\":null,\"CancellationReason\":0,"
      "\"CancelledOn\":null,\"CancelledBy\":null,\"CancellationReasonDetails\":null,"
      "\"Price\":null}",
      FALSE, TRUE },
  [NX_RESOURCES]
  = { "resources", "spaces", "Resource", 1415300000, "Name", "Description,Shifts",
      "{\"BusinessId\":null,\"BusinessName\":null,\"Name\":null,\"Description\":null,"
      "\"ResourceTypeId\":1415370001,\"ResourceTypeName\":\"Meeting Room\","
      "\"SystemResourceType\":1,\"Visible\":true,\"RequiresConfirmation\":false,"
      "\"Archived\":false,\"HideInCalendar\":false,\"GroupName\":null,\"Allocation\":null,"
      "\"AllowMultipleBookings\":false,\"OnlyForMembers\":false,\"OnlyForContacts\":false,"
      "\"OnlyForInvoicingBusiness\":false,\"AccessControlGroupId\":null,\"KisiGroupId\":null,"
      "\"LinkedResourceIds\":null,\"LinkedResources\":[],\"Tariffs\":[],\"Teams\":[],"
      "\"Timeslots\":[],\"Shifts\":null,\"MinBookingLength\":null,\"MaxBookingLength\":null,"
      "\"Projector\":false,\"Internet\":true,\"WhiteBoard\":false}",
      FALSE, FALSE },
  [NX_BUSINESSES]
  = { "businesses", "sys", "Business", 1421000000, "Name", "AboutUs,TermsAndConditions",
      "{\"Name\":null,\"WebAddress\":null,\"RootLocationId\":null,\"CurrencyId\":3001,"
      "\"CountryId\":1205,\"SimpleTimeZoneId\":2023,\"SimpleTimeZoneName\":null,"
      "\"Address\":null,\"PostalCode\":null,\"TownCity\":null,\"Phone\":null,"
      "\"EmailContact\":null,\"AboutUs\":null,\"TermsAndConditions\":null,"
      "\"SameOpeningTimes\":true,\"MondayOpenTime\":540,\"MondayCloseTime\":1080,"
      "\"MondayClosed\":false,\"Suspended\":false}",
      TRUE, FALSE },
  [NX_ZONES]
  = { "simpletimezones", "sys", "SimpleTimeZone", 2000, "", "",
      "{\"Name\":null,\"Description\":null,\"TimeOffset\":\"01:00:00\",\"UsesSummerTime\":true}",
      TRUE, TRUE },
  [NX_CONTRACTS]
  = { "coworkercontracts", "billing", "CoworkerContract", 1417000000, "CoworkerId,TariffId",
      "Notes,CancellationNotes",
      "{\"IssuedById\":null,\"IssuedByName\":null,\"CoworkerId\":null,"
      "\"CoworkerCoworkerType\":\"Individual\",\"CoworkerFullName\":null,"
      "\"CoworkerCompanyName\":null,\"CoworkerBillingName\":null,\"CoworkerEmail\":null,"
      "\"CoworkerActive\":true,\"TariffId\":null,\"TariffName\":null,\"TariffInvoiceEvery\":1,"
      "\"TariffInvoiceEveryWeeks\":0,\"TariffPrice\":null,\"TariffCurrencyCode\":\"EUR\","
      "\"NextTariffId\":null,\"NextTariffName\":null,\"Notes\":null,\"StartDate\":null,"
      "\"BillingDay\":1,\"RenewalDate\":null,\"InvoicedPeriod\":null,\"ContractTerm\":null,"
      "\"Price\":null,\"Value\":null,\"Desks\":[],\"Variants\":[],\"Quantity\":1,"
      "\"Active\":true,\"MainContract\":true,\"Cancelled\":false,\"PurchaseOrder\":null,"
      "\"CancellationDate\":null,\"CancellationLimitDays\":0,\"ProRateCancellation\":false,"
      "\"CancelTeamContracts\":false,\"CancellationReason\":null,\"CancellationNotes\":null,"
      "\"FloorPlanDeskIds\":null,\"FloorPlanDeskNames\":null,\"InPausedPeriod\":false,"
      "\"InPausedPeriodFrom\":null,\"InPausedPeriodUntil\":null}",
      TRUE, FALSE },
  [NX_PAUSES]
  = { "contractpausedperiods", "billing", "ContractPausedPeriod", 1418000000,
      "CoworkerContractId,PauseFrom,PauseUntil", "Notes",
      "{\"CoworkerContractId\":null,\"CoworkerContractQuantity\":1,"
      "\"CoworkerContractFloorPlanDeskIds\":null,\"CoworkerContractFloorPlanDeskNames\":null,"
      "\"CoworkerContractTariffName\":null,\"CoworkerContractCoworkerId\":null,"
      "\"CoworkerContractCoworkerFullName\":null,\"CoworkerContractCoworkerBillingName\":null,"
      "\"PauseFrom\":null,\"PauseUntil\":null,\"Notes\":null}",
      FALSE, FALSE },
  [NX_TARIFFS]
  = { "tariffs", "billing", "Tariff", 1416100000, "Name", "Description,TermsAndConditions",
      "{\"BusinessId\":null,\"BusinessName\":null,\"Name\":null,\"Description\":null,"
      "\"TermsAndConditions\":null,\"SystemTariffType\":1,\"Visible\":true,\"Archived\":false,"
      "\"Price\":0.0,\"CurrencyCode\":\"EUR\",\"UseTimePasses\":true,\"InvoiceEvery\":1,"
      "\"InvoiceEveryWeeks\":0,\"CheckinPricePlanLimit\":null,\"CheckinMonthLimit\":null,"
      "\"CheckinWeekLimit\":null,\"AutoCancelAfter\":null,\"CancelMemberAccountAfter\":false,"
      "\"KeepNewAccountsOnHold\":false}",
      FALSE, FALSE },
  [NX_TARIFF_PASSES]
  = { "tarifftimepasses", "billing", "TariffTimePass", 1416500000, "TariffId,TimePassId", "",
      "{\"TariffId\":null,\"TariffName\":null,\"TimePassId\":null,\"TimePassName\":null,"
      "\"PassesIncluded\":1,\"PassRenewalTime\":3}",
      FALSE, FALSE },
  [NX_PRODUCTS] = { "products", "billing", "Product", 1419000000, "Name", "Description",
                    "{\"BusinessId\":null,\"BusinessName\":null,\"Name\":null,\"Description\":null,"
                    "\"Price\":0.0,\"CurrencyCode\":\"EUR\",\"Visible\":true,\"Archived\":false,"
                    "\"Tariffs\":[]}",
                    FALSE, FALSE },
  [NX_PRODUCT_PASSES]
  = { "producttimepasses", "billing", "ProductTimePass", 1419500000, "ProductId,TimePassId", "",
      "{\"ProductId\":null,\"ProductName\":null,\"TimePassId\":null,\"TimePassName\":null,"
      "\"PassesIncluded\":1,\"ExpirationType\":4,\"ExpiresIn\":1,\"ExpireTimeInMonths\":1,"
      "\"ExpireTimeInWeeks\":0}",
      FALSE, FALSE },
  [NX_SALES]
  = { "coworkerproducts", "billing", "CoworkerProduct", 1424000000, "CoworkerId,ProductId", "Notes",
      "{\"CoworkerId\":null,\"CoworkerFullName\":null,\"BusinessId\":null,\"BusinessName\":null,"
      "\"ProductId\":null,\"ProductName\":null,\"Activated\":false,\"ActivateNow\":false,"
      "\"Quantity\":1,\"Price\":null,\"RegularCharge\":false,\"RepeatCycle\":null,"
      "\"RepeatFrom\":null,\"RepeatUntil\":null,\"SaleDate\":null,\"DueDate\":null,"
      "\"Invoiced\":false,\"InvoicedOn\":null,\"FromTariff\":false,"
      "\"CoworkerContractUniqueId\":null,\"BookingUniqueId\":null,"
      "\"CoworkerInvoicePaid\":false,\"Notes\":null}",
      FALSE, FALSE },
  [NX_CHECKINS]
  = { "checkins", "spaces", "Checkin", 1457000000, "BusinessId,FromTime", "MacAddresses",
      "{\"BusinessId\":null,\"BusinessName\":null,\"CoworkerId\":null,"
      "\"CoworkerFullName\":null,\"CoworkerTimePassGuid\":null,\"FromTime\":null,"
      "\"ToTime\":null,\"LastActivity\":null,\"MacAddresses\":null,\"Source\":1,"
      "\"TariffAtTheTimeOfCheckin\":null,\"TeamsAtTheTimeOfCheckin\":null}",
      FALSE, FALSE },
  [NX_TEAMS]
  = { "teams", "spaces", "Team", 1416000000, "Name", "Description,ProfileSummary",
      "{\"BusinessId\":null,\"BusinessName\":null,\"Name\":null,\"Description\":null,"
      "\"ProfileSummary\":null,\"TeamMembers\":[],\"TeamAdministrators\":[],"
      "\"PayingMemberId\":null,\"DefaultMemberTariffId\":null,\"MaxTeamMemberCount\":null,"
      "\"TunnelPrivateGroupId\":null,\"ShareTimePasses\":false,\"ShareExtraServices\":false,"
      "\"ShareBookingCredit\":false}",
      FALSE, FALSE },
  [NX_DESKS]
  = { "floorplandesks", "sys", "FloorPlanDesk", 1420000000, "Name", "",
      "{\"FloorPlanId\":1420500001,\"FloorPlanName\":\"Ground floor\","
      "\"FloorPlanBusinessId\":null,\"FloorPlanBusinessName\":null,\"CoworkerId\":null,"
      "\"CoworkerFullName\":null,\"CoworkerEmail\":null,\"Name\":null,\"ItemType\":2,"
      "\"ResourceId\":null,\"ResourceName\":null,\"Size\":null,\"Capacity\":1,\"Price\":null,"
      "\"Available\":true,\"AccessControlGroupId\":null,\"TunnelPrivateGroupId\":null,"
      "\"CoworkerContractIds\":null,\"CoworkerContractFullNames\":null,"
      "\"CoworkerContractStartDates\":null,\"AvailableFromTime\":null,"
      "\"AvailableToTime\":null}",
      FALSE, FALSE },
};
